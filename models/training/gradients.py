"""What is seen of the gradients of a step, while they are there."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import tensorflow as tf


def gradient_statistics(
    gradients: Sequence[tf.Tensor | tf.IndexedSlices | None],
    variables: Sequence[keras.Variable],
    among: Sequence[keras.Variable],
) -> tf.Tensor:
    """Sums up each gradient, as a part of the graph that has computed it.

    Args:
        gradients: One for each of the variables, None where there is none.
        variables: Those that are moved.
        among: All that are told of, in the order of the rows; of others nothing is.

    Returns:
        Of each variable's gradient the sum of its squares and the number of its elements, of a
        table those of the rows that were used, and of a vector, such as a bias, how many of these
        are 0; 0 of all without a gradient. Float32 [among, 3].

    Example:
        >>> weights = keras.Variable([1.0, 2.0])
        >>> gradient_statistics([tf.constant([3.0, 4.0])], [weights], [weights]).numpy()
        array([[25.,  2.,  0.]], dtype=float32)
    """
    places = {id(variable): place for place, variable in enumerate(among)}
    rows = [[tf.constant(0.0)] * 3 for _ in among]
    for gradient, variable in zip(gradients, variables, strict=True):
        if gradient is not None and id(variable) in places:
            values = gradient.values if isinstance(gradient, tf.IndexedSlices) else gradient
            # The norm that the gradients are cut by needs these as well.
            squares = tf.cast(2 * tf.nn.l2_loss(values), tf.float32)
            size = tf.cast(tf.size(values), tf.float32)
            zeros = tf.constant(0.0)
            # Of a matrix it would cost a pass of its own.
            if len(variable.shape) == 1:
                zeros = size - tf.math.count_nonzero(values, dtype=tf.float32)
            rows[places[id(variable)]] = [squares, size, zeros]
    return tf.stack([tf.stack(row) for row in rows])
