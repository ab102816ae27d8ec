"""One code for NumPy's arrays and for the tensors of a graph."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

# NumPy's names and rules for what becomes operations of the graph.
_TENSORS = tf.experimental.numpy


def array_namespace(array: Any) -> Any:
    """The module whose functions take such arrays, by NumPy's names.

    What is fitted in NumPy can so be written once and be a part of the served graph, too. A
    number beside a tensor in a function of two arguments would be taken for float64: make an
    array of it with `like`.

    Args:
        array: Of NumPy or of TensorFlow.

    Returns:
        `numpy`, or `tensorflow.experimental.numpy`.

    Example:
        >>> array_namespace(np.zeros(3)).__name__
        'numpy'
    """
    return _TENSORS if tf.is_tensor(array) else np


def like(array: Any, values: Any) -> Any:
    """`values` as an array of the kind and the dtype of another one.

    Args:
        array: Of NumPy or of TensorFlow.
        values: A number or a sequence of them.

    Example:
        >>> like(tf.zeros(3), 0.5).dtype
        tf.float32
    """
    if tf.is_tensor(array):
        return tf.constant(values, array.dtype)
    return np.asarray(values, array.dtype)


def splits_of(lengths: Any) -> Any:
    """Where rows that stand one behind the other begin, and the end.

    Args:
        lengths: Of each row, int64 [n], of NumPy or of TensorFlow.

    Returns:
        int64 [n + 1].

    Example:
        >>> splits_of(np.array([2, 0, 1]))
        array([0, 2, 2, 3])
    """
    xp = array_namespace(lengths)
    return xp.concatenate([like(lengths, [0]), xp.cumsum(lengths)])


def rows_of(row_splits: Any) -> Any:
    """Which row each value of ragged rows is in.

    Unlike `tf.repeat`, and so `RaggedTensor.value_rowids`, it takes no memory for rows as long as
    the longest one.

    Args:
        row_splits: Where each of the rows, one after the other, begins, and the end, int64
            [n + 1], of NumPy or of TensorFlow.

    Returns:
        Row numbers, int64 [total].

    Example:
        >>> rows_of(np.array([0, 2, 2, 3]))
        array([0, 0, 2])
    """
    if tf.is_tensor(row_splits):
        return search_sorted(row_splits[1:], tf.range(row_splits[-1]), side="right")
    return np.repeat(np.arange(len(row_splits) - 1), np.diff(row_splits))


def search_sorted(bounds: tf.Tensor, values: tf.Tensor, side: str = "left") -> tf.Tensor:
    """As `tf.searchsorted` of vectors, in a third of its operations.

    Args:
        bounds: In order, [n].
        values: Of the same dtype, [m].
        side: `left` counts the bounds below a value, `right` those up to it.

    Returns:
        int64 [m].

    Example:
        >>> search_sorted(tf.constant([3, 5]), tf.constant([2, 3, 9]))
        <tf.Tensor: shape=(3,), dtype=int64, numpy=array([0, 0, 2])>
    """
    search = tf.raw_ops.UpperBound if side == "right" else tf.raw_ops.LowerBound
    found = search(sorted_inputs=bounds[None], values=values[None], out_type=tf.int64)
    return tf.squeeze(found, axis=0)


def distributions(values: np.ndarray, size: int) -> np.ndarray:
    """Values as distributions, whichever of both they are.

    Args:
        values: Whole numbers below `size`, [n], or distributions, [n, size].
        size: Length of a distribution.

    Returns:
        float32 [n, size]; what was a number is 1 at its index.

    Example:
        >>> distributions(np.array([0, 2]), 3)
        array([[1., 0., 0.],
               [0., 0., 1.]], dtype=float32)
    """
    if values.ndim == 1:
        return np.eye(size, dtype=np.float32)[values]
    return values.astype(np.float32, copy=False)


def softmax(scores: Any) -> Any:
    """Probabilities of scores, along the last axis, in their dtype.

    Args:
        scores: float [..., classes], of NumPy or of TensorFlow.
    """
    xp = array_namespace(scores)
    powers = xp.exp(scores - xp.max(scores, axis=-1, keepdims=True))
    return powers / xp.sum(powers, axis=-1, keepdims=True)
