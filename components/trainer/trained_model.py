"""The files of a trained classifier: `trainer` writes them, `exporter` reads them.

The weights are a file of Keras, in float32 whatever the training computed in. The classifier that
they belong to is not saved but built again from its encoder, which says itself how it is loaded.
"""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Sequence
from typing import Any

import keras
from tfx.dsl.io import fileio

from ...models.settings import ModelSettings, TrainingSettings
from ...models.tasks.text_classification.model import build_classifier

WEIGHTS_FILE = "classifier.weights.h5"
_DESCRIPTION_FILE = "classifier.json"


@dataclasses.dataclass(frozen=True)
class TrainedClassifier:
    """What belongs to the weights of a classifier.

    Attributes:
        encoder: Name of its encoder.
        model: How it was built on that.
        training: How it was fine-tuned.
        labels: Class names, in the order of their index.
        grades: Class index of each grade, see `ReviewClassifier`.
    """

    encoder: str
    model: ModelSettings
    training: TrainingSettings
    labels: Sequence[str]
    grades: Sequence[int]

    def save(self, directory: str, classifier: keras.Model) -> None:
        """Writes the classifier's weights, and this beside them.

        Args:
            directory: Of the artifact; made when needed.
            classifier: A `ReviewClassifier`.
        """
        fileio.makedirs(directory)
        classifier.save_weights(os.path.join(directory, WEIGHTS_FILE))
        with fileio.open(os.path.join(directory, _DESCRIPTION_FILE), "w") as file:
            file.write(json.dumps(dataclasses.asdict(self), indent=2, ensure_ascii=False))

    @classmethod
    def load(cls, directory: str) -> TrainedClassifier:
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
        """Builds the classifier with its weights, to compute in float32.

        Args:
            directory: Of the artifact.
            encoder: Directory of the encoder that it was trained from.

        Returns:
            A `ReviewClassifier`.
        """
        classifier = build_classifier(encoder, self.model, len(self.labels), "float32", self.grades)
        classifier.load_weights(os.path.join(directory, WEIGHTS_FILE))
        return classifier
