"""The function that TensorFlow Transform traces, in training and in Beam's workers alike.

It has a module of its own because TFX loads that module anew for every run: classes that stood
beside it would not be the ones that others imported before.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from ...models.encoders.registry import load_tokenizer


def preprocessing_fn(
    inputs: Mapping[str, tf.Tensor], custom_config: Mapping[str, Any]
) -> dict[str, tf.Tensor | tf.RaggedTensor]:
    """Turns reviews into token ids, as TensorFlow Transform calls it.

    Args:
        inputs: `text`: string [batch, 1]; `label` and `grade`: int64 [batch, 1].
        custom_config: `encoder` (its folder) and `max_tokens` (int).

    Returns:
        `tokens`: ragged int64 [batch, (tokens)], start and end included, nothing padded;
        `label` and `grade`: int64 [batch].
    """
    tokenizer = load_tokenizer(custom_config["encoder"], max_tokens=custom_config["max_tokens"])
    return {
        "tokens": tokenizer(tf.reshape(inputs["text"], [-1])),
        "label": tf.reshape(inputs["label"], [-1]),
        "grade": tf.reshape(inputs["grade"], [-1]),
    }
