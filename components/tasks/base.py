"""What a task answers to the nodes; each class here is what a module of a task has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np
    import tensorflow as tf

    from ...models.encoders.base import Tokenizer
    from ...models.settings import ModelSettings
    from ...models.tasks.differences import Difference
    from ..evaluator.predictions import Answers, Columns
    from ..evaluator.settings import EvaluationSettings
    from ..review_example_gen.reviews import TargetMaker
    from ..review_example_gen.settings import DataSettings


class Data(Protocol):
    """The module `data`: what the task needs of the files. It imports nothing heavy.

    A task that tells parts of its kinds apart, and can learn that a text is of several of them,
    also has `grades(settings)`, the kind of each one, and `distributions(settings)`, by name the
    lengths of features that hold a share for each of them. One that does not need rows of every
    kind in every split has `lacking(settings, kinds)`: what the splits lack, in words, or "", of
    a mapping from each split to the number of its examples of each kind.

    Attributes:
        FEATURES: Names of the features that the task adds to `text`, `id` and the slices.
        NGRAMS: Whether the n-gram classifier can learn the task; may be left out where it cannot.
        INPUTS: By the name of an input of `serving_default` the feature that it takes; may be left
            out where the text is all that a model is asked.
        SETTINGS: By the section of the configuration, `data`, `evaluation` or `model`, those of
            its keys `OF_TASKS` that are for this task; may be left out where there is none.
        PRETRAINS: Whether an encoder is pre-trained by the task, so that no model for reviews comes
            of it; may be left out where one does.
        TEXT_AS_GIVEN: Whether texts stay as they are in the files, as the task counts their
            characters; may be left out where they are cleaned.
    """

    FEATURES: tuple[str, ...]
    NGRAMS: bool
    INPUTS: Mapping[str, str]
    SETTINGS: Mapping[str, tuple[str, ...]]
    PRETRAINS: bool
    TEXT_AS_GIVEN: bool

    def problems(self, settings: DataSettings) -> Iterator[tuple[str, str]]:
        """Yields `(key, what is wrong and what would be right)` for every bad value."""

    def kinds(self, settings: DataSettings) -> list[str]:
        """Names of what every split must have rows of, such as the classes."""

    def task_config(self, data: DataSettings, model: ModelSettings) -> dict[str, Any]:
        """What `models.make_task` takes, values that JSON can hold."""


class Examples(Protocol):
    """The module `examples`: from the cells of a row to the features of its example."""

    def make_maker(self, settings: DataSettings) -> TargetMaker:
        """What makes the targets of rows of files that these settings describe."""


class Transform(Protocol):
    """The module `transform`: what Transform adds to the tokens."""

    def transform(
        self,
        inputs: Mapping[str, tf.Tensor],
        tokens: tf.RaggedTensor | None,
        tokenizer: Tokenizer | None,
    ) -> dict[str, tf.Tensor | tf.RaggedTensor]:
        """The targets of the task, as TensorFlow Transform traces them.

        Args:
            inputs: Features of the examples, [batch, 1] each.
            tokens: Token ids, ragged int64 [batch, (tokens)]; None where n-grams are learnt from
                and there is no encoder.
            tokenizer: The encoder's, which cuts nothing; it gave the tokens and can tell where
                they stand. None likewise.

        Returns:
            By name int64 or float32 [batch], or ragged [batch, (tokens)]. Where a text is read
            behind another one, see `models.tasks.base.Task.pairs`, among them are the `tokens`
            of both and `second`.
        """


class Evaluation(Protocol):
    """The module `evaluation`: what Model Analysis computes, and how its results are read.

    Attributes:
        LABEL: Feature of the examples that the predictions are compared with.
        METRIC: The figure that models are compared by, as in the figures and `differences`.
        COLUMNS: What `predictions.parquet` says of the examples and of each model.
    """

    LABEL: str

    def metrics_specs(
        self, settings: EvaluationSettings, task_config: Mapping[str, Any]
    ) -> list[Any]:
        """The metrics, of which some decide about the blessing.

        Args:
            settings: The thresholds of the blessing.
            task_config: As `Data.task_config` gave it.

        Returns:
            `tfma.MetricsSpec`s of the outputs that `extract` gives.
        """

    def extract(self, outputs: Mapping[str, Any], labels: Sequence[bytes]) -> dict[str, Any]:
        """The outputs that the metrics are of, from those of `serving_default`."""

    def read(
        self, metrics: Mapping[str, Any], plots: Mapping[str, Any], labels: Sequence[str]
    ) -> dict[str, Any]:
        """What `metrics.json` and `summary.json` say of one slice."""

    # A task whose models are not compared example by example leaves out the rest.

    METRIC: str
    COLUMNS: Columns

    def judged(self, outputs: Mapping[str, Any]) -> Answers:
        """What is written down of each example, from the outputs that `extract` gave."""

    def figures(self, answers: Answers, truth: np.ndarray, labels: Sequence[str]) -> dict[str, Any]:
        """What `metrics.json` and `summary.json` say of a model, from its answers alone.

        Only asked of a task that n-grams can learn.
        """

    def differences(
        self, candidate: Answers, reference: Answers, truth: np.ndarray, labels: Sequence[str]
    ) -> dict[str, Difference]:
        """How much better a model is than another one, by figure, of which `METRIC` counts."""


class Report(Protocol):
    """The module `report`: how figures are printed. It imports nothing heavy.

    Attributes:
        EXAMPLE: Arguments of `reviewlens predict` that show what a model does; may be left out
            where any review does.
    """

    EXAMPLE: tuple[str, ...]

    def lines(
        self,
        test: Mapping[str, Any],
        baseline: Mapping[str, Any] | None,
        ngrams: Mapping[str, Any] | None = None,
    ) -> list[str]:
        """Lines for a person.

        Args:
            test: What `Evaluation.read` gave of the model.
            baseline: The same of the last blessed one, if there is one.
            ngrams: What `Evaluation.figures` gave of the n-gram classifier, if there is one,
                with `sentence`. Only a task that n-grams can learn need take it.
        """

    # A task whose `models` part names no `counts` leaves out the rest.

    def counted(self, counts: Mapping[str, int]) -> list[str]:
        """Lines for a person on what Transform counted in the texts, by the names of `counts`."""
