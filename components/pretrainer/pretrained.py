"""The files of an encoder that has been pre-trained, heads included."""

from __future__ import annotations

import dataclasses

from ...models.settings import MaskedModelSettings, PretrainingSettings
from ..trainer.saved_weights import SavedWeights


@dataclasses.dataclass(frozen=True)
class PretrainedWeights(SavedWeights):
    """What belongs to the weights of a pre-trained encoder.

    Attributes:
        encoder: Name of the encoder that it started from.
        model: What it reads and guesses.
        training: How it was trained.
        task: `masked-language-model`.
        task_config: What that was made of, see `models.make_task`.
    """

    model: MaskedModelSettings
    training: PretrainingSettings

    model_settings = MaskedModelSettings
    training_settings = PretrainingSettings
