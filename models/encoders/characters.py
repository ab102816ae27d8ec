"""The characters of texts, of which tokenizers know the bytes."""

from __future__ import annotations

import tensorflow as tf

from ..arrays import rows_of, search_sorted, splits_of
from .words import goes_on


class Characters:
    """Where the characters of some texts are, in a graph.

    A character is a code point, which is what Python's `str` counts. Bytes that are no UTF-8
    count as a replacement character each, as TensorFlow decodes them. All texts are one array, in
    which places are looked up, so that time and memory grow with the bytes of the batch and the
    number of places, whatever their distribution.

    Args:
        texts: UTF-8 strings [batch].

    Attributes:
        row_splits: Where each text begins if all are one, in characters, and the end, int64
            [batch + 1].

    Example:
        >>> characters = Characters(tf.constant(["Café au lait"]))
        >>> characters.positions(tf.ragged.constant([[0, 5, 6]], tf.int64))
        <tf.RaggedTensor [[0, 4, 5]]>
    """

    def __init__(self, texts: tf.Tensor):
        sizes = tf.strings.length(texts)
        codes, starts = tf.strings.unicode_decode_with_offsets(texts, "UTF-8")
        self._codes = codes.values
        self.row_splits = codes.row_splits
        # Byte at which each text begins when they stand one behind the other.
        self._before = tf.cast(tf.cumsum(sizes, exclusive=True), tf.int64)
        # And each character; behind the last one the end of them all.
        bounds = starts.values + tf.gather(self._before, rows_of(self.row_splits))
        size = tf.reduce_sum(tf.cast(sizes, tf.int64))
        self._bounds = tf.concat([bounds, size[tf.newaxis]], axis=0)

    def positions(self, offsets: tf.RaggedTensor) -> tf.RaggedTensor:
        """From bytes to characters.

        Args:
            offsets: Places in each text, in bytes: beginnings or ends of characters; ragged int64
                [batch, (places)].

        Returns:
            The characters before each place, ragged int64 [batch, (places)].
        """
        rows = rows_of(offsets.row_splits)
        places = self._place(offsets.values + tf.gather(self._before, rows))
        return offsets.with_values(places - tf.gather(self.row_splits, rows))

    def whole(
        self, starts: tf.RaggedTensor, ends: tf.RaggedTensor
    ) -> tuple[tf.RaggedTensor, tf.RaggedTensor]:
        """Moves ends of pieces that are within a character out to the ends of it.

        Args:
            starts: Where pieces of the texts begin, in bytes, ragged int64 [batch, (pieces)].
            ends: Where they end.

        Returns:
            The same where they are ends of characters, otherwise moved, in bytes.
        """
        before = tf.gather(self._before, rows_of(starts.row_splits))
        first = search_sorted(self._bounds, starts.values + before, side="right") - 1
        last = search_sorted(self._bounds, ends.values + before)
        return (
            starts.with_values(tf.gather(self._bounds, first) - before),
            ends.with_values(tf.gather(self._bounds, last) - before),
        )

    def continues(self, starts: tf.RaggedTensor, ends: tf.RaggedTensor) -> tf.RaggedTensor:
        """Which pieces are of the same word as the piece before them.

        Those are that begin where that one ends, where by the characters a word goes on, see
        `words.goes_on`; and those that begin within it, as bytes of one character do. So words
        hang on the text, and on the pieces only where one is longer than a word, as "'s" may be.

        Args:
            starts: Where the pieces of each text begin, in bytes, ragged int64 [batch, (pieces)],
                with or without those of start and end, which are empty.
            ends: Where they end.

        Returns:
            Whether each piece does, ragged bool [batch, (pieces)].
        """
        rows = rows_of(starts.row_splits)
        before = tf.gather(self._before, rows)
        begins, ended = starts.values + before, ends.values + before
        # The first piece of all has none before it.
        previous = tf.concat([tf.constant([-1], tf.int64), ended[:-1]], axis=0)
        follows = begins == previous
        in_word = tf.concat([goes_on(self._codes, self.row_splits), [False]], axis=0)
        follows &= tf.gather(in_word, self._place(begins))
        return starts.with_values((begins < ended) & ((begins < previous) | follows))

    def strings(self, rows: tf.Tensor, starts: tf.Tensor, ends: tf.Tensor) -> tf.Tensor:
        """Parts of the texts.

        Args:
            rows: Which text each part is of, int64 [parts].
            starts: Its first character, int64 [parts].
            ends: The character behind its last one.

        Returns:
            UTF-8 strings [parts].
        """
        splits = splits_of(ends - starts)
        parts = rows_of(splits)
        first = tf.gather(self.row_splits, rows) + starts - splits[:-1]
        places = tf.range(splits[-1]) + tf.gather(first, parts)
        codes = tf.RaggedTensor.from_row_splits(
            tf.gather(self._codes, places), splits, validate=False
        )
        return tf.strings.unicode_encode(codes, "UTF-8")

    def _place(self, offsets: tf.Tensor) -> tf.Tensor:
        """Characters of all texts before a byte of them all."""
        return search_sorted(self._bounds, offsets)
