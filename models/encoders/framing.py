"""Tokens put before, behind and between those of texts, in a graph.

Values are put where they belong in one array of all texts. To join ragged tensors comes to the same
in ten times the operations, which take longer to trace than all the rest of a tokenizer.
"""

from __future__ import annotations

from collections.abc import Iterable

import tensorflow as tf

from ..arrays import rows_of


def framed(
    rows: tf.RaggedTensor, values: Iterable[tuple[tf.Tensor, int, int]]
) -> list[tf.RaggedTensor]:
    """Puts a value before and one behind each text.

    Args:
        rows: Which tokens are of which text, ragged [batch, (tokens)].
        values: What is known of each token, int64 [total], and what of start and of end.

    Returns:
        For each of `values` ragged int64 [batch, (tokens + 2)].

    Example:
        >>> tokens = tf.ragged.constant([[7592, 999], []], tf.int64)
        >>> framed(tokens, [(tokens.values, 101, 102)])
        [<tf.RaggedTensor [[101, 7592, 999, 102], [101, 102]]>]
    """
    splits = rows.row_splits
    framed_splits = splits + 2 * tf.range(tf.size(splits, splits.dtype))
    starts, ends = framed_splits[:-1], framed_splits[1:] - 1
    places = [as_places(starts), moved(splits, starts + 1), as_places(ends)]

    def frame(tokens: tf.Tensor, start: int, end: int) -> tf.RaggedTensor:
        first, last = (tf.zeros_like(starts) + of for of in (start, end))
        around = tf.dynamic_stitch(places, [first, tokens, last])
        return tf.RaggedTensor.from_row_splits(around, framed_splits, validate=False)

    return [frame(*each) for each in values]


def moved(row_splits: tf.Tensor, starts: tf.Tensor) -> tf.Tensor:
    """Where values get to if their rows begin elsewhere.

    Args:
        row_splits: Where each of the rows, one after the other, begins, and the end, int64
            [n + 1].
        starts: Where they shall begin, int64 [n].

    Returns:
        Places as `tf.dynamic_stitch` takes them, int32 [total].

    Example:
        >>> moved(tf.constant([0, 2, 3], tf.int64), tf.constant([5, 9], tf.int64)).numpy()
        array([5, 6, 9], dtype=int32)
    """
    places = tf.range(row_splits[-1])
    return as_places(places + tf.gather(starts - row_splits[:-1], rows_of(row_splits)))


def as_places(places: tf.Tensor) -> tf.Tensor:
    """Places as `tf.dynamic_stitch` takes them; no batch has more tokens than these can count."""
    return tf.cast(places, tf.int32)
