"""The function that TensorFlow Transform traces, in training and in Beam's workers alike.

It has a module of its own because TFX loads that module anew for every run: classes that stood
beside it would not be the ones that others imported before.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from ...models.encoders.registry import load_tokenizer
from ...models.encoders.truncation import UNCUT
from ..task_registry import TASKS


def preprocessing_fn(
    inputs: Mapping[str, tf.Tensor], custom_config: Mapping[str, Any]
) -> dict[str, tf.Tensor | tf.RaggedTensor]:
    """Turns reviews into what is learnt from, as TensorFlow Transform calls it.

    Args:
        inputs: `text`: string [batch, 1], and the features of the task.
        custom_config: `task` (name); maybe `encoder` (its folder); `keeps_text` (bool).

    Returns:
        With an encoder `tokens`: ragged int64 [batch, (tokens)], start and end included, nothing
        padded or cut, of the text or of what the task has it read with; where the text is kept,
        `text`: string [batch]; and the targets of the task.
    """
    text = tf.reshape(inputs["text"], [-1])
    outputs = {"text": text} if custom_config["keeps_text"] else {}
    tokens = tokenizer = None
    if "encoder" in custom_config:
        # How much of them is read, the trainer decides, who sees how long they are.
        tokenizer = load_tokenizer(custom_config["encoder"], max_tokens=UNCUT)
        tokens = outputs["tokens"] = tokenizer(text)
    targets = TASKS.load(custom_config["task"], "transform").transform(inputs, tokens, tokenizer)
    return {**outputs, **targets}
