"""Has the pipeline that evaluates write down what the models say, as `predictions` has it."""

from __future__ import annotations

import contextlib
import contextvars
import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import apache_beam as beam
import numpy as np
import pyarrow as pa
import tensorflow as tf
import tensorflow_model_analysis as tfma

from ..ngram_trainer.trained_ngrams import TrainedNgrams
from .predictions import SLICE, Answers, Columns, parts_in, table_of

# Name of the n-gram classifier among the models.
NGRAMS = "ngrams"


@dataclasses.dataclass(frozen=True)
class Recording:
    """What is written down beside the answers of the evaluated models, and where.

    Attributes:
        directory: Of the artifact `evaluation`.
        ngrams: Of the n-gram classifier that answers the same texts, None for none.
        beside: By the name of a split what reads its examples. The models answer these, too, but
            are not judged by them.
    """

    directory: str
    ngrams: str | None = None
    beside: Mapping[str, beam.PTransform] = dataclasses.field(default_factory=dict)


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


@dataclasses.dataclass(frozen=True)
class Layout:
    """What is written of each example, and of the answers.

    Attributes:
        models: Names of the models whose answers the extracts hold.
        judged: Of the task, see `tasks.base.Evaluation`.
        columns: Likewise.
        texts: Features that the models are asked.
        slices: Features by whose values the metrics are broken down.
    """

    models: tuple[str, ...]
    judged: Callable[[Any], Answers]
    columns: Columns
    texts: tuple[str, ...]
    slices: tuple[str, ...] = ()

    def schema(self, more: Sequence[str] = ()) -> pa.Schema:
        """All columns of the file.

        Args:
            more: Names of models whose answers the extracts do not hold.
        """
        return self.columns.schema([*self.models, *more], self.texts, self.slices)


class WriteAnswers(beam.PTransform):
    """Writes a row for each example of extracts that hold what a task's `extract` gave.

    It takes such extracts by the name of their split.
    """

    def __init__(self, wanted: Recording, layout: Layout):
        """Declares the step.

        Args:
            wanted: What is written, and where.
            layout: Of the file.
        """
        super().__init__()
        self._wanted = wanted
        self._layout = layout

    def expand(self, extracts: Mapping[str, beam.PCollection]) -> Any:
        """Adds the step to a pipeline."""
        ngrams = _Ngrams(self._wanted.ngrams) if self._wanted.ngrams else None
        schema = self._layout.schema([NGRAMS] if ngrams else [])
        tables = [
            of_split | f"Tabulate[{split}]" >> beam.ParDo(_Tabulate(split, self._layout, ngrams))
            for split, of_split in extracts.items()
        ]
        parts = beam.io.WriteToParquetBatched(parts_in(self._wanted.directory), schema)
        return tables | beam.Flatten() | "Write" >> parts


class _Tabulate(beam.DoFn):
    """Makes rows of a batch of answers."""

    def __init__(self, split: str, layout: Layout, ngrams: _Ngrams | None):
        super().__init__()
        self._split = split
        self._layout = layout
        self._ngrams = ngrams

    def setup(self) -> None:
        """Makes ready, once in a worker."""
        if self._ngrams:
            self._ngrams.load()

    def process(self, extracts: dict[str, Any]) -> Iterator[pa.Table]:
        """Yields a table."""
        features, answers = extracts[tfma.FEATURES_KEY], extracts[tfma.PREDICTIONS_KEY]
        layout = self._layout
        if len(layout.models) == 1:
            # Model Analysis leaves out the name where there is only one.
            answers = dict.fromkeys(layout.models, answers)
        of = {name: layout.judged(answers[name]) for name in layout.models}
        if self._ngrams:
            of[NGRAMS] = self._ngrams.ask(features["text"].reshape(-1))
        truth = features[layout.columns.truth.name].reshape(-1)
        examples = {
            # A schema that was given may leave it out.
            "id": _values(features, "id", len(truth), b""),
            "split": [self._split] * len(truth),
            layout.columns.truth.name: truth,
            **{name: _values(features, name, len(truth)) for name in layout.texts},
            **{SLICE + name: _values(features, name, len(truth)) for name in layout.slices},
        }
        yield table_of(examples, of, layout.schema([NGRAMS] if self._ngrams else []))


def _values(features: Mapping[str, Any], name: str, rows: int, missing: Any = None) -> list[Any]:
    """The values of a feature, of which each example has one; else what is missing."""
    values = features.get(name)
    if isinstance(values, np.ndarray) and values.size == rows:
        return [_told(value) for value in values.reshape(-1).tolist()]
    return [missing] * rows


def _told(value: Any) -> Any:
    """Text is bytes; a slice may be of numbers."""
    return value if isinstance(value, bytes) else str(value)


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
