"""The files of a model that was trained on an encoder.

The weights are a file of Keras, in float32 whatever the training computed in. The model that
they belong to is not saved but built again from its encoder, which says itself how it is loaded.
"""

from __future__ import annotations

import dataclasses
import json
import os
from typing import Any, ClassVar, TypeVar

import keras
from tfx.dsl.io import fileio

from ...models.tasks.building import build_model
from ...models.tasks.registry import make_task

WEIGHTS_FILE = "trained.weights.h5"
_DESCRIPTION_FILE = "trained.json"

AnyWeights = TypeVar("AnyWeights", bound="SavedWeights")


@dataclasses.dataclass(frozen=True)
class SavedWeights:
    """What belongs to the weights of a model, whatever it was trained for.

    Attributes:
        encoder: Name of its encoder.
        model: How it was built on that.
        training: How it was trained.
        task: Name of the task that it was trained for.
        task_config: What that was made of, see `models.make_task`.
    """

    encoder: str
    model: Any
    training: Any
    task: str
    task_config: dict[str, Any]

    # The dataclasses of `model` and `training`.
    model_settings: ClassVar[type]
    training_settings: ClassVar[type]

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
    def load(cls: type[AnyWeights], directory: str) -> AnyWeights:
        """Reads what `save` has written, but for the weights.

        Args:
            directory: Of the artifact.
        """
        with fileio.open(os.path.join(directory, _DESCRIPTION_FILE)) as file:
            fields: dict[str, Any] = json.load(file)
        fields["model"] = cls.model_settings(**fields["model"])
        fields["training"] = cls.training_settings(**fields["training"])
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
