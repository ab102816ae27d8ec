"""From text to the ids of its n-grams, inside the graph."""

from __future__ import annotations

import tensorflow as tf
import tensorflow_text as text

from .settings import NgramSettings

# Words are split at spaces. Marks, and characters of scripts that put no spaces, stand alone. The
# ranges are those of Unicode's blocks: by its properties RE2 takes five times as long.
_ALONE = (
    r"[!-/:-@\[-`{-~\x{a1}-\x{bf}\x{e00}-\x{eff}\x{1000}-\x{109f}\x{1780}-\x{17ff}"
    r"\x{2000}-\x{2bff}\x{3000}-\x{30ff}\x{3400}-\x{9fff}\x{20000}-\x{3ffff}]"
)
_ASCII = r"[\x00-\x7f]*"
# Odd numbers without pattern; multiplied, the upper bits of a product depend on all bits below.
_FACTORS = (-0x61C8864680B583EB, 0x2545F4914F6CDD1D, -0x3D4D51C2D82B14B1, 0x5851F42D4C957F2D)
_LAST = -0x4B47D0C5CF3B5B1B
# Stands for what follows the last word.
_END = 0x1F83D9ABFB41BD6B


class NgramFeatures(tf.Module):
    """Word n-grams, and character n-grams within words, as numbers below `settings.buckets`.

    The text is normalised (Unicode's NFKC, small letters) and split at spaces and around
    punctuation. Every word gives the ids of the runs of 1, 2, … words that begin with it; a run
    that reaches beyond the last word has a mark for the end, as fastText's has. Its first
    characters stand for its forms: "fits", "fit" and "fitted" are alike. Whatever bytes a
    text is of, it has the same ids everywhere: the operations are those that TensorFlow Serving
    links, and their hash is documented as never to change.

    Args:
        settings: What counts as a feature.

    Example:
        >>> features = NgramFeatures(NgramSettings(buckets=1000))
        >>> features(["Fits well!", ""]).row_lengths().numpy()
        array([9, 0])
    """

    def __init__(self, settings: NgramSettings):
        super().__init__(name="ngram_features")
        self.settings = settings

    def __call__(self, texts: tf.Tensor) -> tf.RaggedTensor:
        """The ids of a batch.

        Args:
            texts: Strings [batch]; the batch and each text may be empty, and bytes that are no
                UTF-8 count as the replacement character.

        Returns:
            Ids from 0 up to `buckets`, ragged int64 [batch, (features)].
        """
        texts = _normalized(tf.convert_to_tensor(texts, tf.string))
        words = tf.strings.split(tf.strings.regex_replace(texts, _ALONE, r" \0 "))
        ids = self._of_words(words)
        if self.settings.characters is not None:
            ids = tf.concat([ids, self._of_characters(words, *self.settings.characters)], axis=1)
        return ids

    def _of_words(self, words: tf.RaggedTensor) -> tf.RaggedTensor:
        following = _hashes(words.values)
        runs = [following]
        rows = words.value_rowids()
        same_row = tf.equal(rows, tf.concat([rows[1:], [-1]], 0))
        for _ in range(1, self.settings.words):
            following = tf.concat([following[1:], [_END]], 0)
            following = tf.where(same_row, following, tf.constant(_END, tf.int64))
            runs.append(runs[-1] * _FACTORS[0] + following * _FACTORS[1])
        if self.settings.prefix is not None:
            beginnings = tf.strings.substr(words.values, 0, self.settings.prefix, "UTF8_CHAR")
            # A factor of their own: the beginning "fit" is not the word.
            runs.append(_hashes(beginnings) * _FACTORS[3])
        # Side by side, so that the ids of a text stay together.
        values = self._buckets(tf.stack(runs, 1))
        # By rows rather than by splits: whoever adds up weights needs them, splitting has left
        # them, and to find them anew takes as long as the addition.
        rows = tf.broadcast_to(rows[:, tf.newaxis], tf.shape(values))
        return tf.RaggedTensor.from_value_rowids(
            tf.reshape(values, [-1]), tf.reshape(rows, [-1]), words.nrows(), validate=False
        )

    def _of_characters(
        self, words: tf.RaggedTensor, shortest: int, longest: int
    ) -> tf.RaggedTensor:
        framed = tf.strings.join([" ", words.values, " "])
        characters = tf.strings.unicode_split(framed, "UTF-8")
        grams = tf.strings.ngrams(characters, list(range(shortest, longest + 1)), separator="")
        splits = tf.gather(grams.row_splits, words.row_splits)
        return tf.RaggedTensor.from_row_splits(
            self._buckets(_hashes(grams.values) * _FACTORS[2]), splits, validate=False
        )

    def _buckets(self, hashes: tf.Tensor) -> tf.Tensor:
        """Spreads 64 bits over the buckets, by a product in place of a slow remainder."""
        mixed = tf.bitwise.bitwise_xor(hashes, tf.bitwise.right_shift(hashes, _int64(32))) * _LAST
        upper = tf.bitwise.bitwise_and(tf.bitwise.right_shift(mixed, _int64(32)), _int64(2**31 - 1))
        return tf.bitwise.right_shift(upper * self.settings.buckets, _int64(31))


def _normalized(texts: tf.Tensor) -> tf.Tensor:
    """Small letters in NFKC, strings [batch]; what is ASCII alone has them without a table."""
    is_ascii = tf.strings.regex_full_match(texts, _ASCII)
    plain, others = (tf.where(chosen)[:, 0] for chosen in (is_ascii, ~is_ascii))
    # Lower-casing comes first: it is what replaces bytes that are no UTF-8.
    lower = tf.strings.lower(tf.gather(texts, others), encoding="utf-8")
    return tf.dynamic_stitch(
        [tf.cast(places, tf.int32) for places in (plain, others)],
        [tf.strings.lower(tf.gather(texts, plain)), text.normalize_utf8(lower, "NFKC")],
    )


def _hashes(strings: tf.Tensor) -> tf.Tensor:
    return tf.strings.to_hash_bucket_fast(strings, 2**62)


def _int64(value: int) -> tf.Tensor:
    return tf.constant(value, tf.int64)
