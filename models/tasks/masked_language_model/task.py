"""The task of guessing what texts say, from which an encoder learns their language."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from ....errors import RunError
from ...encoders.base import Encoder
from ...encoders.truncation import UNCUT, Truncation
from ...settings import MASKINGS, OBJECTIVES, MaskedModelSettings, PretrainingSettings
from ..base import AnyTexts, Drawn, Measured, Target, Texts
from .loss import NEXT_WEIGHTS, PretrainingLoss, shares
from .masking import IDS, WEIGHTS, TokenMasking
from .metrics import Guesses, pretraining_report
from .model import MLM, NSP, RANDOM_NEXT, MaskedLanguageModel


@dataclasses.dataclass(frozen=True)
class MaskedLanguageModeling:
    """BERT's pre-training (Devlin et al., NAACL 2019): nothing is needed but texts.

    Attributes:
        objectives: What is guessed: `mlm`, hidden pieces; `nsp`, whether the second part of a
            text follows the first.
        masking: What is hidden at a time: `pieces` or `whole_words`.
        mask_rate: Share of the pieces that are hidden.

    Raises:
        ValueError: An objective or a masking is not known.

    Example:
        >>> MaskedLanguageModeling(["mlm", "nsp"]).metric
        'mlm_accuracy'
    """

    objectives: tuple[str, ...] = (MLM,)
    masking: str = MASKINGS[0]
    mask_rate: float = 0.15

    name = "masked-language-model"
    per_token = False
    unit = "tokens"

    def __post_init__(self):
        # Sequences of any kind may be given; they are compared and shown as tuples.
        object.__setattr__(self, "objectives", tuple(self.objectives))
        if not self.objectives or not set(self.objectives) <= set(OBJECTIVES):
            raise ValueError(f"the objectives are {self.objectives}; they are of {OBJECTIVES}")
        if self.masking not in MASKINGS:
            raise ValueError(f"the masking is {self.masking!r}; it is one of {MASKINGS}")

    @property
    def metric(self) -> str:
        """The figure that models are judged by."""
        return "mlm_accuracy" if MLM in self.objectives else "nsp_accuracy"

    @property
    def targets(self) -> dict[str, Target]:
        """`random_next` of each text where that is guessed: whether its second part is from
        elsewhere, -1 where it has none."""
        return {RANDOM_NEXT: Target("int32")} if NSP in self.objectives else {}

    def config(self) -> dict[str, Any]:
        """What `make_task` makes an equal task of."""
        return {
            "objectives": list(self.objectives),
            "masking": self.masking,
            "mask_rate": self.mask_rate,
        }

    def build(self, encoder: Encoder, settings: MaskedModelSettings) -> MaskedLanguageModel:
        """A model with fresh heads on an encoder; see `Learnt.build`.

        Raises:
            RunError: It cannot tell two texts apart, and `nsp` is one of the objectives.
            RunError: Its vocabulary has no mask.
        """
        if NSP in self.objectives and not encoder.inputs.has_types:
            raise RunError(
                "model.objectives has nsp, but this encoder cannot tell a second text from the "
                "first, as RoBERTa and DistilBERT cannot: choose model.objectives=[mlm]"
            )
        self._masking(encoder)
        return MaskedLanguageModel(encoder, self.objectives)

    def prepare(self, texts: AnyTexts, settings: MaskedModelSettings) -> AnyTexts:
        """The texts, those that are longer than `max_tokens` cut."""
        if texts.lengths.max(initial=0) <= settings.max_tokens:
            return texts
        return texts.cut(Truncation(settings.max_tokens))

    def drawing(self, model: MaskedLanguageModel) -> Drawn:
        """Hides pieces, and shares out the weights of what is guessed among a batch."""
        masking = self._masking(model.encoder)

        def draw(
            inputs: Mapping[str, tf.Tensor], targets: Mapping[str, tf.Tensor], seed: tf.Tensor
        ) -> tuple[dict[str, tf.Tensor], dict[str, tf.Tensor]]:
            given, wanted = dict(inputs), dict(targets)
            if masking is not None:
                given = masking(given, seed=seed)
                wanted |= {IDS: given.pop(IDS), WEIGHTS: shares(given.pop(WEIGHTS))}
            if RANDOM_NEXT in wanted:
                wanted[NEXT_WEIGHTS] = shares(tf.cast(wanted[RANDOM_NEXT] >= 0, tf.float32))
            return given, wanted

        return draw

    def training_outputs(
        self, model: MaskedLanguageModel, inputs: dict[str, tf.Tensor]
    ) -> dict[str, tf.Tensor]:
        """Logits, see `MaskedLanguageModel.logits`."""
        return model.logits(inputs, training=True)

    def loss(self, texts: Texts, settings: PretrainingSettings) -> PretrainingLoss:
        """The sum of the objectives' mean cross-entropies."""
        return PretrainingLoss()

    def scored(self, model: MaskedLanguageModel) -> Callable[..., tf.Tensor]:
        """The model with fixed masks: of the same text the same pieces, whatever the model."""
        return Guesses(model, self._masking(model.encoder))

    def measure(self, outputs: np.ndarray, texts: Texts) -> Measured:
        """The figures of `pretraining_report`.

        Args:
            outputs: Of `scored`, float32 [n, 5].
            texts: Those the outputs are of.
        """
        report = pretraining_report(outputs, texts.targets.get(RANDOM_NEXT), self.objectives)
        return Measured(report)

    def _masking(self, encoder: Encoder) -> TokenMasking | None:
        if MLM not in self.objectives:
            return None
        tokenizer = encoder.tokenizer(UNCUT)
        if tokenizer.mask_id is None:
            raise RunError(
                "the encoder's vocabulary has no mask, which hidden pieces are read as: choose "
                "model.objectives=[nsp] or another encoder"
            )
        whole_words = self.masking == "whole_words"
        return TokenMasking.of(tokenizer, rate=self.mask_rate, whole_words=whole_words)


def make_task(
    objectives: Sequence[str] = (MLM,),
    masking: str = MASKINGS[0],
    mask_rate: float = 0.15,
) -> MaskedLanguageModeling:
    """Makes the task of what `MaskedLanguageModeling.config` gives.

    Args:
        objectives: `mlm`, `nsp` or both.
        masking: `pieces` or `whole_words`.
        mask_rate: Share of the pieces that are hidden.
    """
    return MaskedLanguageModeling(tuple(objectives), masking, mask_rate)
