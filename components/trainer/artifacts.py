"""The artifact types of this component."""

from __future__ import annotations

from tfx.types.artifact import Artifact

# Custom property of a trained model: how long its training took.
TRAINING_SECONDS = "training_seconds"


class TrainedModel(Artifact):
    """A trained classifier, whatever it will be served as.

    Holds its weights and what it takes to build it around its encoder again, see
    `trained_model`. The type's name is also its import path, as Kubeflow Pipelines wants it.
    """

    TYPE_NAME = "reviewlens.TrainedModel"
