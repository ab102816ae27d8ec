"""What the export needs of a model, whatever it makes of a text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import tensorflow as tf


class TextModel(Protocol):
    """Text in, outputs of the task's model out; a `tf.Module`, so that its weights are saved.

    Attributes:
        tokenizer: Makes the tokens that outputs of tokens are of; None where there are none.
        files: What lies beside the graph under `assets/`: name there -> path.
    """

    tokenizer: Any
    files: Mapping[str, str]

    def __call__(self, text: tf.Tensor) -> tf.Tensor | tf.RaggedTensor:
        """Outputs for texts.

        Args:
            text: string [batch], any bytes, of any number of texts.

        Returns:
            float32 [batch, …], or ragged [batch, (tokens), …].
        """

    def facts(self) -> dict[str, Any]:
        """What `model.json` says of it; anything JSON can hold. `algorithm` is always there."""
