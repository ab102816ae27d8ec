"""The files of a trained model: `trainer` writes them, `exporter` reads them.

The weights are a file of Keras, in float32 whatever the training computed in. The model that
they belong to is not saved but built again from its encoder, which says itself how it is loaded.
"""

from __future__ import annotations

import dataclasses
import json
import os
from typing import Any

import keras
from tfx.dsl.io import fileio

from ...models.encoders.truncation import Truncation
from ...models.settings import ModelSettings, TrainingSettings
from ...models.tasks.building import build_model
from ...models.tasks.registry import make_task

WEIGHTS_FILE = "trained.weights.h5"
_DESCRIPTION_FILE = "trained.json"


@dataclasses.dataclass(frozen=True)
class TrainedWeights:
    """What belongs to the weights of a model.

    Attributes:
        encoder: Name of its encoder.
        model: How it was built on that; of a trained one `max_tokens` is a number.
        training: How it was fine-tuned.
        task: Name of the task that it was trained for.
        task_config: What that was made of, see `models.make_task`.
    """

    encoder: str
    model: ModelSettings
    training: TrainingSettings
    task: str
    task_config: dict[str, Any]

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

    def save(self, directory: str, model: keras.Model) -> None:
        """Writes a model's weights, and this beside them.

        Args:
            directory: Of the artifact; made when needed.
            model: What the task has built.
        """
        fileio.makedirs(directory)
        model.save_weights(os.path.join(directory, WEIGHTS_FILE))
        with fileio.open(os.path.join(directory, _DESCRIPTION_FILE), "w") as file:
            file.write(json.dumps(dataclasses.asdict(self), indent=2, ensure_ascii=False))

    @classmethod
    def load(cls, directory: str) -> TrainedWeights:
        """Reads what `save` has written, but for the weights.

        Args:
            directory: Of the artifact.
        """
        with fileio.open(os.path.join(directory, _DESCRIPTION_FILE)) as file:
            fields: dict[str, Any] = json.load(file)
        fields["model"] = ModelSettings(**fields["model"])
        fields["training"] = TrainingSettings(**fields["training"])
        return cls(**fields)

    def build(self, directory: str, encoder: str) -> keras.Model:
        """Builds the model with its weights, to compute in float32.

        Args:
            directory: Of the artifact.
            encoder: Directory of the encoder that it was trained from.
        """
        task = make_task(self.task, **self.task_config)
        model = build_model(task, encoder, self.model, "float32")
        model.load_weights(os.path.join(directory, WEIGHTS_FILE))
        return model
