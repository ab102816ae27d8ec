"""Which tokens of a long text are read, said once: for graphs, and for texts in memory."""

from __future__ import annotations

import dataclasses

import numpy as np
import tensorflow as tf

# Sun et al. keep 128 pieces of the beginning and 382 of the end, of 510 between start and end.
_HEAD_SHARE = 4
# As `max_tokens`: no text is cut.
UNCUT = 2**31 - 1


@dataclasses.dataclass(frozen=True)
class Truncation:
    """The cut of texts with more tokens than are read.

    The tokens of start and end stay. Of the others `head` keeps the first; `head_tail` a quarter
    from the beginning, rounded up, and the rest from the end (Sun et al., "How to Fine-Tune BERT
    for Text Classification?", CCL 2019: 128 of 510, and 382). To cut twice, first to more and then
    to fewer tokens, comes to the same as to cut once.

    Args:
        max_tokens: Most tokens of a text, start and end included, at least 2.
        kind: One of `settings.TRUNCATIONS`.

    Example:
        >>> Truncation(8, "head_tail").cut(tf.ragged.constant([range(10, 20), [30]]))
        <tf.RaggedTensor [[10, 11, 16, 17, 18, 19], [30]]>
    """

    max_tokens: int
    kind: str = "head"

    @property
    def head(self) -> int:
        """Tokens kept of a long text's beginning, the start not counted."""
        between = self.max_tokens - 2
        return between if self.kind == "head" else -(-between // _HEAD_SHARE)

    @property
    def tail(self) -> int:
        """Tokens kept of a long text's end, the end not counted."""
        return self.max_tokens - 2 - self.head

    def cut(self, rows: tf.RaggedTensor) -> tf.RaggedTensor:
        """Cuts texts in a graph, before they get their start and end.

        Args:
            rows: Values of the tokens between start and end, ragged [batch, (tokens)].

        Returns:
            The rows, those that are longer cut to `max_tokens` - 2 values.
        """
        if self.max_tokens == UNCUT:
            return rows
        if not self.tail:
            # Equal, and faster.
            return rows[:, : self.head]
        lengths = rows.row_lengths()
        kept = tf.minimum(lengths, self.max_tokens - 2)
        positions = tf.ragged.range(kept)
        starts = rows.row_starts()
        starts = tf.where(
            positions.values < self.head,
            tf.repeat(starts, kept),
            tf.repeat(starts + lengths - kept, kept),
        )
        return positions.with_values(tf.gather(rows.values, starts + positions.values))

    def kept(self, row_splits: np.ndarray) -> np.ndarray:
        """Tells which tokens are left of texts in memory, those of start and end included.

        Args:
            row_splits: Where each of the texts, one after the other, begins, and the end, int64
                [n + 1].

        Returns:
            Whether each token is, bool [total].

        Example:
            >>> Truncation(4).kept(np.array([0, 3, 9])).astype(int)
            array([1, 1, 1, 1, 1, 1, 0, 0, 1])
        """
        long = np.diff(row_splits) > self.max_tokens
        changes = np.zeros(row_splits[-1] + 1, np.int8)
        changes[row_splits[:-1][long] + 1 + self.head] = 1
        changes[row_splits[1:][long] - self.tail - 1] = -1
        return np.cumsum(changes[:-1], dtype=np.int8) == 0
