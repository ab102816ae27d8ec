"""The files of a trained n-gram classifier: `ngram-trainer` writes them, others read them.

The weights are a file of Keras; settings, task and decision are JSON beside it. It stands alone:
what it takes to answer a text is here.
"""

from __future__ import annotations

import dataclasses
import json
import os
from typing import Any

from tfx.dsl.io import fileio

from ...models.ngrams.model import NgramClassifier
from ...models.ngrams.settings import NgramSettings
from ...models.tasks.base import Decision, Task
from ...models.tasks.registry import make_task

WEIGHTS_FILE = "ngrams.weights.h5"
_DESCRIPTION_FILE = "ngrams.json"


@dataclasses.dataclass(frozen=True)
class TrainedNgrams:
    """What belongs to the weights of an n-gram classifier.

    Attributes:
        settings: Its features, and how it was trained.
        task: Name of the task that it was trained for.
        task_config: What that was made of, see `models.make_task`.
        fitted: `facts` of the decision that was fitted on the eval split; empty before that.
    """

    settings: NgramSettings
    task: str
    task_config: dict[str, Any]
    fitted: dict[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def decision(self) -> Decision:
        """What makes answers of its logits, as it was fitted on the eval split."""
        return self.make_task().decision(self.fitted)

    def make_task(self) -> Task:
        """The task that it was trained for."""
        return make_task(self.task, **self.task_config)

    def make_model(self) -> NgramClassifier:
        """A classifier with fresh weights."""
        grades = self.task_config.get("grades")
        return NgramClassifier(self.settings, len(self.make_task().labels), grades)

    def save(self, directory: str, model: NgramClassifier, decision: Decision) -> None:
        """Writes a model's weights, and this beside them.

        Args:
            directory: Of the artifact; made when needed.
            model: What `make_model` gave, trained.
            decision: What was fitted for it.
        """
        fileio.makedirs(directory)
        model.save_weights(os.path.join(directory, WEIGHTS_FILE))
        facts = dataclasses.asdict(dataclasses.replace(self, fitted=decision.facts()))
        with fileio.open(os.path.join(directory, _DESCRIPTION_FILE), "w") as file:
            file.write(json.dumps(facts, indent=2, ensure_ascii=False))

    @classmethod
    def load(cls, directory: str) -> TrainedNgrams:
        """Reads what `save` has written, but for the weights.

        Args:
            directory: Of the artifact.
        """
        with fileio.open(os.path.join(directory, _DESCRIPTION_FILE)) as file:
            fields: dict[str, Any] = json.load(file)
        return cls(**{**fields, "settings": NgramSettings(**fields["settings"])})

    def build(self, directory: str) -> NgramClassifier:
        """Builds the classifier with its weights.

        Args:
            directory: Of the artifact.
        """
        model = self.make_model()
        model.load_weights(os.path.join(directory, WEIGHTS_FILE))
        return model
