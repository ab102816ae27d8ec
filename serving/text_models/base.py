"""What the export needs of a model, whatever it makes of a text."""

from __future__ import annotations

import dataclasses
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


@dataclasses.dataclass(frozen=True)
class PairOutputs:
    """What a model says of the tokens of texts that it reads behind others, in windows.

    Attributes:
        outputs: Of all tokens of the windows, ragged float32 [windows, (tokens), …].
        parts: Which text each window is of, int64 [windows], in order.
        own: Whether each token is the window's own, see `WindowRows`, bool [total].
        starts: Where each token begins in the text that is read behind the other, in bytes, int64
            [total].
        ends: Where it ends; where it begins if it stands for nothing of that text.
    """

    outputs: tf.RaggedTensor
    parts: tf.Tensor
    own: tf.Tensor
    starts: tf.Tensor
    ends: tf.Tensor


class PairModel(TextModel, Protocol):
    """A `TextModel` that can read a text behind another one, such as a question."""

    def read_pairs(self, first: tf.Tensor, second: tf.Tensor) -> PairOutputs:
        """Outputs for texts that are read behind others.

        Args:
            first: What is read before each, string [batch], any bytes; of a long one the
                beginning.
            second: The texts, string [batch]; all of each.

        Returns:
            Those of at least one window onto each text, before which there is the first.
        """
