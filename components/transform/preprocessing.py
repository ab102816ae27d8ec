"""The function that TensorFlow Transform traces, in training and in Beam's workers alike.

It has a module of its own because TFX loads that module anew for every run: classes that stood
beside it would not be the ones that others imported before.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from ...models.encoders.registry import load_tokenizer
from ..task_registry import TASKS


def preprocessing_fn(
    inputs: Mapping[str, tf.Tensor], custom_config: Mapping[str, Any]
) -> dict[str, tf.Tensor | tf.RaggedTensor]:
    """Turns reviews into token ids, as TensorFlow Transform calls it.

    Args:
        inputs: `text`: string [batch, 1], and the features of the task.
        custom_config: `task` (name), `encoder` (its folder) and `max_tokens` (int).

    Returns:
        `tokens`: ragged int64 [batch, (tokens)], start and end included, nothing padded; and
        the targets of the task.
    """
    tokenizer = load_tokenizer(custom_config["encoder"], max_tokens=custom_config["max_tokens"])
    tokens = tokenizer(tf.reshape(inputs["text"], [-1]))
    targets = TASKS.load(custom_config["task"], "transform").transform(inputs, tokens)
    return {"tokens": tokens, **targets}
