"""The files of a trained model: `trainer` writes them, `exporter` reads them."""

from __future__ import annotations

import dataclasses

from ...models.encoders.truncation import Truncation
from ...models.settings import ModelSettings, TrainingSettings
from .saved_weights import SavedWeights


@dataclasses.dataclass(frozen=True)
class TrainedWeights(SavedWeights):
    """What belongs to the weights of a model.

    Attributes:
        encoder: Name of its encoder.
        model: How it was built on that; of a trained one `max_tokens` is a number.
        training: How it was fine-tuned.
        task: Name of the task that it was trained for.
        task_config: What that was made of, see `models.make_task`.
    """

    model: ModelSettings
    training: TrainingSettings

    model_settings = ModelSettings
    training_settings = TrainingSettings

    @property
    def truncation(self) -> Truncation:
        """The cut of the texts that the model learns from, and of those that it is asked."""
        return Truncation(int(self.model.max_tokens), self.model.truncation)

    def reading(self, max_tokens: int) -> TrainedWeights:
        """The same of a model that reads so many tokens of a text.

        Args:
            max_tokens: In place of what the settings say.
        """
        return dataclasses.replace(
            self, model=dataclasses.replace(self.model, max_tokens=max_tokens)
        )
