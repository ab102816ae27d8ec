"""Words as tokens, by a hash."""

from __future__ import annotations

import numpy as np
import tensorflow as tf
import tensorflow_text as text

from reviewlens.models import Truncation

PADDING, START, END = range(3)


class HashTokenizer(tf.Module):
    """A token a word: one of as many buckets as a file says."""

    padding_id, start_id, end_id, mask_id = PADDING, START, END, None
    lower_case = False
    separators = 1

    def __init__(self, buckets_file: str, *, max_tokens: int, truncation: str = "head"):
        super().__init__(name="hash_tokenizer")
        self.buckets_file = buckets_file
        self.max_tokens = max_tokens
        self.truncation = truncation
        self._buckets = int(tf.io.gfile.GFile(buckets_file).read())
        self._words = text.WhitespaceTokenizer()

    @property
    def vocabulary_size(self) -> int:
        return self._buckets + 3

    @property
    def special_ids(self):
        return np.arange(3)

    @property
    def continuations(self):
        return np.zeros(self.vocabulary_size, bool)

    @property
    def files(self) -> dict[str, str]:
        return {"buckets.txt": self.buckets_file}

    def __call__(self, texts):
        return self.tokenize_with_offsets(texts)[0]

    def tokenize_with_offsets(self, texts):
        words, starts, ends = self._words.tokenize_with_offsets(texts)
        ids = tf.strings.to_hash_bucket_fast(words.values, self._buckets) + 3
        return (
            self._framed(words.with_values(ids), START, END),
            self._framed(starts, 0, 0),
            self._framed(ends, 0, 0),
        )

    def _framed(self, values, start, end):
        cut = Truncation(self.max_tokens, self.truncation)
        values = tf.cast(cut.cut(values), tf.int64)
        column = [values.nrows(), 1]
        first, last = (tf.fill(column, tf.constant(i, tf.int64)) for i in (start, end))
        return tf.concat([first, values, last], axis=1)
