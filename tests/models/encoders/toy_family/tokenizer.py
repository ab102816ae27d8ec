"""Letters as tokens."""

from __future__ import annotations

import tensorflow as tf

PADDING, START, END, UNKNOWN = range(4)


class LetterTokenizer(tf.Module):
    """A token a byte: its place in an alphabet."""

    padding_id, start_id, end_id, mask_id = PADDING, START, END, None
    lower_case = False

    def __init__(self, alphabet_file: str, *, max_tokens: int):
        super().__init__(name="letter_tokenizer")
        self.alphabet_file = alphabet_file
        self.max_tokens = max_tokens
        letters = tf.io.gfile.GFile(alphabet_file).read().encode()
        self.vocabulary_size = len(letters) + 4
        ids = [letters.find(bytes([byte])) + 4 for byte in range(256)]
        self._ids = tf.constant([UNKNOWN if index == 3 else index for index in ids], tf.int64)

    @property
    def files(self) -> dict[str, str]:
        return {"alphabet.txt": self.alphabet_file}

    def __call__(self, texts):
        return self._framed(self._letters(texts), START, END)

    def tokenize_with_offsets(self, texts):
        ids = self._letters(texts)
        starts = tf.ragged.range(ids.row_lengths())
        offsets = (self._framed(starts, 0, 0), self._framed(starts + 1, 0, 0))
        return self._framed(ids, START, END), *offsets

    def _letters(self, texts):
        letters = tf.strings.bytes_split(texts)
        codes = tf.reshape(tf.io.decode_raw(letters.values, tf.uint8), [-1])
        return letters.with_values(tf.gather(self._ids, tf.cast(codes, tf.int32)))

    def _framed(self, values, start, end):
        values = values[:, : self.max_tokens - 2]
        column = [values.nrows(), 1]
        first, last = (tf.fill(column, tf.constant(i, tf.int64)) for i in (start, end))
        return tf.concat([first, values, last], axis=1)
