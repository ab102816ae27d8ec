"""The pieces of texts as characters know them, in which what is learnt is given."""

from __future__ import annotations

import tensorflow as tf

from ..arrays import rows_of, search_sorted
from ..encoders.characters import Characters


class Pieces:
    """Those tokens of some texts that stand for something of these, in a graph.

    All texts stand one behind the other, so that places are looked up in one array: time and
    memory grow with the number of pieces and of places, whatever their distribution.

    Args:
        characters: Of the texts.
        starts: Where their tokens begin, in bytes, ragged int64 [batch, (tokens)], those that
            stand for nothing, such as start and end, included.
        ends: Where they end.

    Attributes:
        tokens: Which tokens, counted over all texts, the pieces are, int64 [pieces].
        starts: The first character of each, counted likewise, int64 [pieces].
        ends: The character behind its last one.
    """

    def __init__(self, characters: Characters, starts: tf.RaggedTensor, ends: tf.RaggedTensor):
        self._characters = characters
        self._tokens = tf.size(starts.values, tf.int64)
        # The others would not be in order.
        self.tokens = tf.where(starts.values < ends.values)[:, 0]
        rows = tf.gather(rows_of(starts.row_splits), self.tokens)
        self.starts, self.ends = (
            self.places(rows, tf.gather(characters.positions(of).values, self.tokens))
            for of in (starts, ends)
        )

    def places(self, rows: tf.Tensor, characters: tf.Tensor) -> tf.Tensor:
        """Counts characters over all texts.

        Args:
            rows: Which text each is of, int64 [places].
            characters: How many are before it in its text, int64 [places].
        """
        return characters + tf.gather(self._characters.row_splits, rows)

    def of_tokens(self, values: tf.Tensor) -> tf.Tensor:
        """From values of the pieces to those of all tokens, 0 of those that are no pieces.

        Args:
            values: int64 [pieces].
        """
        return tf.scatter_nd(self.tokens[:, None], values, self._tokens[None])

    def cut(self, rows: tf.Tensor, starts: tf.Tensor, ends: tf.Tensor) -> tf.Tensor:
        """How many spans of each text begin or end inside of a piece.

        Args:
            rows: Which text each span is of, int64 [spans].
            starts: Its first character, as `places` counts, int64 [spans].
            ends: The character behind its last one.

        Returns:
            int64 [batch].
        """
        cut = tf.cast(self._within_one(starts) | self._within_one(ends), tf.int64)
        batch = tf.size(self._characters.row_splits) - 1
        return tf.math.unsorted_segment_sum(cut, rows, batch)

    def _within_one(self, places: tf.Tensor) -> tf.Tensor:
        """Which places are between the ends of a piece, bool [places]."""
        piece = search_sorted(self.starts, places)
        return tf.gather(tf.concat([[-1], self.ends], axis=0), piece) > places
