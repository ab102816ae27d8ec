"""Pre-training in the course of which an encoder goes on to say of a whole text what it said."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import tensorflow as tf

from ...encoders.base import Encoder
from ...settings import PretrainingSettings
from ..base import Drawn, Texts
from ..pooling import mean_vectors
from .loss import PretrainingLoss, shares
from .model import MaskedLanguageModel
from .task import MaskedLanguageModeling

_INPUT, _MASK = "input_word_ids", "input_mask"
# What was there before pieces were hidden; how far a text's vector is from what it was.
_WHOLE, _MOVED, _SHARES = "whole_word_ids", "moved", "moved_shares"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Keeping(MaskedLanguageModeling):
    """The task of guessing, of an encoder that is to keep what its vectors of texts say.

    A sentence encoder has learnt of a billion pairs to tell texts apart by the mean of their
    tokens' vectors; guessing pieces wears that off, and a fine-tuning with few labels misses it. So
    the mean vector of a text, read with some of its pieces hidden, is drawn to that which the
    encoder had of the whole text before: what is to be learnt without forgetting has the model
    itself as its teacher (Li and Hoiem, "Learning without Forgetting", ECCV 2016).

    Attributes:
        before: The encoder as it was; it is not trained.
        weight: Of one minus the cosine of the two vectors, beside the loss of the guesses.

    Example:
        >>> Keeping(before=encoder, weight=10.0).metric
        'mlm_accuracy'
    """

    before: Encoder
    weight: float

    @classmethod
    def of(cls, task: MaskedLanguageModeling, before: Encoder, weight: float) -> Keeping:
        """Makes it of a task.

        Args:
            task: What is guessed.
            before: See `Keeping`.
            weight: Likewise.
        """
        return cls(**task.config(), before=before, weight=weight)

    def drawing(self, model: MaskedLanguageModel) -> Drawn:
        """What the task draws; beside it stays what was hidden."""
        draw = super().drawing(model)

        def draw_and_keep(
            inputs: Mapping[str, tf.Tensor], targets: Mapping[str, tf.Tensor], seed: tf.Tensor
        ) -> tuple[dict[str, tf.Tensor], dict[str, tf.Tensor]]:
            given, wanted = draw(inputs, targets, seed)
            whole = inputs[_INPUT]
            each = shares(tf.ones(tf.shape(whole)[:1]))
            return {**given, _WHOLE: whole}, {**wanted, _SHARES: each}

        return draw_and_keep

    def training_outputs(
        self, model: MaskedLanguageModel, inputs: dict[str, tf.Tensor]
    ) -> dict[str, tf.Tensor]:
        """Those of the task, and how far each text's vector has moved, float32 [batch]."""
        encoded = model.encoded(inputs, training=True)
        whole = {name: inputs[name] for name in self.before.inputs.names} | {_INPUT: inputs[_WHOLE]}
        were = tf.stop_gradient(self._vectors(self.before(whole, training=False), inputs))
        cosines = tf.reduce_sum(were * self._vectors(encoded, inputs), axis=1)
        return {**model.told(encoded, inputs, training=True), _MOVED: 1.0 - cosines}

    def loss(self, texts: Texts, settings: PretrainingSettings) -> PretrainingLoss:
        """The task's, and how far the vectors have moved."""
        return KeepingLoss(self.weight)

    def _vectors(
        self, outputs: Mapping[str, tf.Tensor], inputs: Mapping[str, tf.Tensor]
    ) -> tf.Tensor:
        return tf.math.l2_normalize(mean_vectors(outputs, inputs[_MASK]), axis=1)


class KeepingLoss(PretrainingLoss):
    """The loss of the guesses, and how far the vectors of the texts have moved.

    Args:
        weight: Of the mean distance.
    """

    def __init__(self, weight: float):
        self._weight = weight

    def __call__(
        self, outputs: Mapping[str, tf.Tensor], targets: Mapping[str, tf.Tensor]
    ) -> tf.Tensor:
        """What some texts add to the loss of a batch.

        Args:
            outputs: As `Keeping.training_outputs` gives them.
            targets: As its `drawing` gives them.
        """
        moved = tf.reduce_sum(outputs[_MOVED] * targets[_SHARES])
        return super().__call__(outputs, targets) + self._weight * moved
