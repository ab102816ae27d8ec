"""What Transform adds to the tokens of a text: its class and its grade."""

from __future__ import annotations

from collections.abc import Mapping

import tensorflow as tf


def transform(inputs: Mapping[str, tf.Tensor], tokens: tf.RaggedTensor) -> dict[str, tf.Tensor]:
    """The targets of a classifier.

    Args:
        inputs: `label` and `grade`: int64 [batch, 1].
        tokens: Not needed.

    Returns:
        `label` and `grade`: int64 [batch].
    """
    return {name: tf.reshape(inputs[name], [-1]) for name in ("label", "grade")}
