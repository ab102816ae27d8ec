"""One vector of a text, from those of its tokens."""

from __future__ import annotations

from collections.abc import Mapping

import tensorflow as tf


def mean_vectors(outputs: Mapping[str, tf.Tensor], mask: tf.Tensor) -> tf.Tensor:
    """The mean of the vectors of each text's tokens (Reimers and Gurevych, EMNLP 2019).

    Args:
        outputs: Of an encoder; its `sequence_output` [batch, width, hidden].
        mask: 1 for each token and 0 for padding, int32 [batch, width].

    Returns:
        float32 [batch, hidden].

    Example:
        >>> outputs = {"sequence_output": tf.constant([[[2.0, 4.0], [4.0, 4.0], [9.0, 9.0]]])}
        >>> mean_vectors(outputs, tf.constant([[1, 1, 0]])).numpy()
        array([[3., 4.]], dtype=float32)
    """
    weights = tf.cast(mask, tf.float32)[:, :, None]
    tokens = tf.cast(outputs["sequence_output"], tf.float32)
    return tf.reduce_sum(tokens * weights, 1) / tf.maximum(tf.reduce_sum(weights, 1), 1.0)
