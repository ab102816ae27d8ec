"""Has the pipeline that evaluates write down what the models say, as `predictions` has it."""

from __future__ import annotations

import contextlib
import contextvars
import dataclasses
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import apache_beam as beam
import numpy as np
import pyarrow as pa
import tensorflow as tf
import tensorflow_model_analysis as tfma

from ..ngram_trainer.trained_ngrams import TrainedNgrams
from .predictions import Answers, Columns, parts_in, table_of

# Name of the n-gram classifier among the models.
NGRAMS = "ngrams"


@dataclasses.dataclass(frozen=True)
class Recording:
    """What is written down beside the answers of the evaluated models, and where.

    Attributes:
        directory: Of the artifact `evaluation`.
        ngrams: Of the n-gram classifier that answers the same texts, None for none.
    """

    directory: str
    ngrams: str | None = None


# TFX calls `custom_extractors` with arguments of its own only, and loads that module anew before,
# so this stands in another one. It is read where the pipeline is built, in the thread of the
# executor; what was read travels to the workers inside the pipeline.
_WANTED: contextvars.ContextVar[Recording | None] = contextvars.ContextVar("wanted", default=None)


@contextlib.contextmanager
def recording(wanted: Recording) -> Iterator[None]:
    """Has the pipelines that are built meanwhile write down the answers.

    Args:
        wanted: What of them, and where.
    """
    token = _WANTED.set(wanted)
    try:
        yield
    finally:
        _WANTED.reset(token)


def wanted_recording() -> Recording | None:
    """Returns what `recording` was told, None outside of it."""
    return _WANTED.get()


class WriteAnswers(beam.PTransform):
    """Writes a row for each example of extracts that hold what a task's `extract` gave."""

    def __init__(
        self,
        wanted: Recording,
        models: Sequence[str],
        judged: Callable[[Any], Answers],
        columns: Columns,
    ):
        """Declares the step.

        Args:
            wanted: What is written, and where.
            models: Names of the models whose answers the extracts hold.
            judged: Of the task, see `tasks.base.Evaluation`.
            columns: Likewise.
        """
        super().__init__()
        self._wanted = wanted
        self._models = list(models)
        self._judged = judged
        self._columns = columns

    def expand(self, extracts: beam.PCollection) -> Any:
        """Adds the step to a pipeline."""
        ngrams = _Ngrams(self._wanted.ngrams) if self._wanted.ngrams else None
        names = [*self._models, *([NGRAMS] if ngrams else [])]
        tabulate = _Tabulate(self._models, self._judged, self._columns, ngrams)
        schema = self._columns.schema(names)
        parts = beam.io.WriteToParquetBatched(parts_in(self._wanted.directory), schema)
        return extracts | "Tabulate" >> beam.ParDo(tabulate) | "Write" >> parts


class _Tabulate(beam.DoFn):
    """Makes rows of a batch of answers."""

    def __init__(
        self,
        models: list[str],
        judged: Callable[[Any], Answers],
        columns: Columns,
        ngrams: _Ngrams | None,
    ):
        super().__init__()
        self._models = models
        self._judged = judged
        self._columns = columns
        self._ngrams = ngrams

    def setup(self) -> None:
        """Makes ready, once in a worker."""
        if self._ngrams:
            self._ngrams.load()

    def process(self, extracts: dict[str, Any]) -> Iterator[pa.Table]:
        """Yields a table."""
        features, answers = extracts[tfma.FEATURES_KEY], extracts[tfma.PREDICTIONS_KEY]
        if len(self._models) == 1:
            # Model Analysis leaves out the name where there is only one.
            answers = dict.fromkeys(self._models, answers)
        of = {name: self._judged(answers[name]) for name in self._models}
        if self._ngrams:
            of[NGRAMS] = self._ngrams.ask(features["text"].reshape(-1))
        truth = features[self._columns.truth.name].reshape(-1)
        # A schema that was given may leave it out.
        ids = features["id"].reshape(-1) if "id" in features else np.full(len(truth), b"")
        yield table_of(ids, truth, of, self._columns)


class _Ngrams:
    """Asks an n-gram classifier, whose task names classes."""

    def __init__(self, directory: str):
        self._directory = directory
        self._trained = TrainedNgrams.load(directory)
        # Made here: a worker elsewhere may not know of the task.
        self._decision: Any = self._trained.decision
        self._classifier: Any = None

    def load(self) -> None:
        self._classifier = self._trained.build(self._directory)

    def ask(self, texts: np.ndarray) -> dict[str, np.ndarray]:
        logits = self._classifier(self._classifier.features(tf.constant(texts))).numpy()
        return {
            "decided": self._decision.decided(logits),
            "probabilities": self._decision.probabilities(logits),
        }
