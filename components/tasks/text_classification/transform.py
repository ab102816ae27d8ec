"""What Transform adds to the tokens of a text: its class and its grades."""

from __future__ import annotations

from collections.abc import Mapping

import tensorflow as tf

from ....models.encoders.base import Tokenizer


def transform(
    inputs: Mapping[str, tf.Tensor], tokens: tf.RaggedTensor | None, tokenizer: Tokenizer | None
) -> dict[str, tf.Tensor]:
    """The targets of a classifier.

    Args:
        inputs: `label`: int64 [batch, 1]; `grade_shares`: float32 [batch, grades].
        tokens: Not needed.
        tokenizer: Not needed.

    Returns:
        `label`: int64 [batch]; `grade`: float32 [batch, grades], of each grade the share of the
        rows with this text.
    """
    return {"label": tf.reshape(inputs["label"], [-1]), "grade": inputs["grade_shares"]}
