"""What is looked at of the weights: their norms, and some of their numbers."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf

from ...graph_function import graph_function

# Of each variable; enough for a ratio of lengths, and nothing to copy.
_NUMBERS = 256


class WeightSampler:
    """Reads the same few numbers of each variable, and its sum of squares, as one graph.

    Args:
        variables: What to look at.
    """

    def __init__(self, variables: Sequence[keras.Variable]):
        self._sizes = [int(np.prod(one.shape)) for one in variables]
        taken = [min(size, _NUMBERS) for size in self._sizes]
        self._ends = np.cumsum(taken)[:-1]

        @graph_function
        def read():
            squares, samples = [], []
            for variable, size in zip(variables, self._sizes, strict=True):
                value = tf.reshape(tf.convert_to_tensor(variable), [-1])
                squares.append(2 * tf.nn.l2_loss(value))
                step = max(size // _NUMBERS, 1)
                samples.append(value[: step * _NUMBERS : step])
            numbers = [tf.cast(one, tf.float32) for one in samples]
            return tf.cast(tf.stack(squares), tf.float32), tf.concat(numbers, 0)

        self._read = read

    def __call__(self) -> tuple[np.ndarray, list[np.ndarray]]:
        """Returns the sums of squares, float64 [variables], and each variable's numbers."""
        squares, numbers = self._read()
        return squares.numpy().astype(np.float64), np.split(numbers.numpy(), self._ends)
