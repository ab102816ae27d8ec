"""What a task says of a model in the graph; its modules `signatures` and `requests` have this."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import tensorflow as tf

from ..text_models.base import PairOutputs

# White space, and characters that nobody sees, such as the mark for the order of bytes.
BLANK = r"[\s\p{Z}\p{Cc}\p{Cf}]*"


class Served(Protocol):
    """A model in the graph: text in, outputs of the task's model out.

    Attributes:
        labels: Names of what is decided between, string [labels].
        decision: Makes the answers, in the graph: the `models.tasks.base.Decision` of the task.
        tokenizer: The encoder's, None where there is none; some tasks need what it knows of the
            text.
    """

    labels: tf.Tensor
    decision: Any
    tokenizer: Any

    def outputs(self, text: tf.Tensor) -> tf.Tensor | tf.RaggedTensor:
        """Outputs for texts, string [batch]: [batch, …], or ragged [batch, (tokens), …]."""

    def read_pairs(self, first: tf.Tensor, second: tf.Tensor) -> PairOutputs:
        """Outputs for texts that are read behind others, see `PairModel`; for tasks whose models
        do that."""


class Signatures(Protocol):
    """The module `signatures`."""

    def make_signatures(self, served: Served) -> dict[str, Any]:
        """The signatures by name, each a `tf.function`; `serving_default` is one of them."""


class Requests(Protocol):
    """The module `requests`: what warms up a model, and what tries to break it.

    Attributes:
        LONGEST: Bytes of the longest text that a model is asked about before it is pushed; may be
            left out where a model does not read all of a text, however long.
    """

    LONGEST: int

    def make_requests(self, texts: Sequence[bytes]) -> Iterator[tuple[str, dict[str, tf.Tensor]]]:
        """Yields one request with these texts for each signature: its name and its inputs."""

    def problem(
        self,
        signature: str,
        inputs: Mapping[str, tf.Tensor],
        outputs: Mapping[str, np.ndarray],
        labels: Sequence[bytes],
    ) -> str:
        """What is wrong with the answer to a request; empty where nothing is."""
