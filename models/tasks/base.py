"""What a task answers, so that training, export and evaluation know none by name."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeVar

import keras
import numpy as np
import tensorflow as tf

from ..encoders.base import Encoder
from ..encoders.inputs import TokenIds
from ..encoders.truncation import Truncation
from ..encoders.windows import Windows
from .differences import Difference


@dataclasses.dataclass(frozen=True)
class Target:
    """One thing that training compares a model's outputs with.

    Attributes:
        dtype: Of its values in memory, such as `int32` or `float32`.
        per_token: Whether each token has a value; otherwise each text has one.
        padding: Value of the tokens that pad a batch.
        size: Length of the distribution that each text has for a value, such as the shares of
            grades; None for a single number. A whole number may stand for the distribution that
            is all of that index.
    """

    dtype: str = "int32"
    per_token: bool = False
    padding: int = 0
    size: int | None = None

    def feature(self, name: str) -> tf.io.FixedLenFeature | tf.io.RaggedFeature:
        """How the target is read from the examples that Transform wrote.

        Args:
            name: Of the target, and of Transform's output.
        """
        stored = tf.as_dtype(self.dtype)
        stored = tf.int64 if stored.is_integer else tf.float32
        if self.per_token:
            # Under this name TensorFlow Transform writes the values of a ragged output.
            return tf.io.RaggedFeature(stored, value_key=f"{name}$ragged_values")
        return tf.io.FixedLenFeature([] if self.size is None else [self.size], stored)

    def signature(self, name: str) -> tf.TensorSpec:
        """What a batch of the target looks like to a traced function.

        Args:
            name: Of the target.
        """
        shape: list[int | None] = [None, None] if self.per_token else [None]
        if self.size is not None:
            shape.append(self.size)
        return tf.TensorSpec(shape, self.dtype, name)


@dataclasses.dataclass(frozen=True)
class Measured:
    """How good a model is on some texts.

    Attributes:
        figures: By name.
        losses: What each text adds to `log_loss`, float [n], whose mean it is; None where that is
            not told.
    """

    figures: dict[str, float]
    losses: np.ndarray | None = None


AnyTexts = TypeVar("AnyTexts", bound="Texts")

# What `Objective.drawing` gives: from inputs, targets and a seed to other inputs and targets.
Drawn = Callable[
    [Mapping[str, tf.Tensor], Mapping[str, tf.Tensor], tf.Tensor],
    tuple[Mapping[str, tf.Tensor], Mapping[str, tf.Tensor]],
]


class Texts(Protocol):
    """Tokenized texts and their targets, as `training.tokenized.TokenizedTexts` holds them."""

    @property
    def tokens(self) -> TokenIds:
        """Ids of all texts, one after the other, int32 [total]."""

    @property
    def row_splits(self) -> np.ndarray:
        """Where each text begins in `tokens`, and the end, int64 [n + 1]."""

    @property
    def targets(self) -> Mapping[str, np.ndarray]:
        """By name a value for each text, [n] or [n, size], or for each token, [total]."""

    @property
    def parts(self) -> np.ndarray | None:
        """Which text each row is a part of, int64 [n], in order; None where each is a text."""

    @property
    def own(self) -> np.ndarray | None:
        """Of parts, whether each token is the row's own, bool [total]; None where each is."""

    @property
    def seconds(self) -> np.ndarray | None:
        """Tokens of each row before its second part, int64 [n]; None where there is but one."""

    @property
    def lengths(self) -> np.ndarray:
        """Tokens of each row, int64 [n]."""

    def __len__(self) -> int:
        """How many rows there are: texts, or parts of them."""

    def cut(self: AnyTexts, truncation: Truncation) -> AnyTexts:
        """The same texts, those that are too long cut."""

    def in_windows(self: AnyTexts, windows: Windows, unowned: Mapping[str, int]) -> AnyTexts:
        """The same texts, those that are too long cut into windows that overlap."""

    def with_targets(self: AnyTexts, targets: Mapping[str, np.ndarray]) -> AnyTexts:
        """The same texts with other values of some targets."""


class Loss(Protocol):
    """What training makes small."""

    def __call__(self, outputs: Any, targets: Mapping[str, tf.Tensor]) -> tf.Tensor:
        """The sum of the losses of some texts, a float32 scalar.

        Args:
            outputs: What `Task.training_outputs` gave of them.
            targets: Their targets by name, [batch], [batch, size] or padded to [batch, width].
        """

    def count(self, targets: Mapping[str, tf.Tensor]) -> tf.Tensor:
        """What the sum over a whole batch is divided by, such as its texts; a float32 scalar.

        Args:
            targets: Of the batch.
        """


class Decision(Protocol):
    """What makes answers of a model's outputs, with the numbers that were fitted for it.

    Whatever else it has, its task and the signatures of that know. Its methods compute with
    NumPy's arrays and, in the graph that is served, with TensorFlow's tensors, by the same code.
    """

    def facts(self) -> dict[str, Any]:
        """The fitted numbers, as `model.json` and `summary.json` show them."""


class Learnt(Protocol):
    """What a training has to know of what is learnt, whatever comes of it."""

    @property
    def name(self) -> str:
        """As the registry and the configuration have it."""

    @property
    def targets(self) -> Mapping[str, Target]:
        """By name what training reads of the transformed examples."""

    @property
    def per_token(self) -> bool:
        """Whether the outputs are of tokens, [batch, width, …], and not of texts, [batch, …]."""

    @property
    def metric(self) -> str:
        """The figure that models are judged by; the greater the better."""

    def config(self) -> dict[str, Any]:
        """What `make_task` makes an equal task of; values that JSON can hold."""

    def build(self, encoder: Encoder, settings: Any) -> keras.Model:
        """Puts a fresh head on an encoder.

        Args:
            encoder: Layer with the encoders' interface.
            settings: How to build on it.

        Returns:
            A model that takes the encoder's inputs and gives the outputs that are decided by;
            it has the encoder as `encoder`.
        """

    def prepare(self, texts: AnyTexts, settings: Any) -> AnyTexts:
        """What a model is trained on, scored on and judged by, of whole texts.

        Args:
            texts: Uncut, with their targets.
            settings: How much of them a model reads; `max_tokens` is a number.

        Returns:
            Texts of `max_tokens` tokens at most, or parts of texts, in the same order.
        """

    def training_outputs(self, model: Any, inputs: dict[str, tf.Tensor]) -> Any:
        """What training compares with the targets, dropout on.

        Args:
            model: What `build` gave.
            inputs: The encoder's, [batch, width].
        """

    def loss(self, texts: Texts, settings: Any) -> Loss:
        """The loss of a training.

        Args:
            texts: What is trained on, of which the loss may count classes.
            settings: How to train.
        """


class Objective(Learnt, Protocol):
    """What is learnt of texts as they are: nothing is decided by what comes of it."""

    @property
    def unit(self) -> str:
        """What the speed of its training is told in: `tokens` or `reviews`."""

    def drawing(self, model: Any) -> Drawn:
        """What each step draws anew, such as what is hidden.

        Args:
            model: What `build` gave.

        Returns:
            Makes of the inputs and targets of a whole batch those that `training_outputs` and
            `loss` take, tensors with a row for each text; by the same seed, two integers, the
            same. It is traced in a graph.
        """

    def scored(self, model: Any) -> Any:
        """What `Scorer` takes to score texts, such as the model itself.

        Args:
            model: What `build` gave.
        """

    def measure(self, outputs: np.ndarray, texts: Texts) -> Measured:
        """How good a model is.

        Args:
            outputs: What `scored` gave, [n, …].
            texts: Those the outputs are of.

        Returns:
            Its figures; the epoch is picked by `log_loss`, see `training.choice`.
        """


class Task(Learnt, Protocol):
    """What differs between tasks, of all that is learnt from texts to answer something of them.

    One whose transformed examples say more of a text than is learnt from may have `counts`, names
    of such numbers that are added up for the record of a training. One that has a log loss may have
    `losses`, which gives of what `evaluate` takes what each text adds to it, float64 [n] with that
    mean: so the epoch that is picked hangs on no few texts. One whose decision is the better for
    what is known of the texts learnt from may have `informed_by`, which gives the task that knows;
    its `config` says it.
    """

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of what is decided between, in the order of their index."""

    @property
    def reads_all(self) -> bool:
        """Whether the whole of a text is read, however long; otherwise it is cut as
        `model.truncation` says."""

    @property
    def pairs(self) -> bool:
        """Whether each text is read behind another one, such as a question, see `join_pairs`;
        Transform then writes `second`, how many tokens are before the text's own."""

    def fit_decision(
        self, outputs: np.ndarray, texts: Texts, decide_for: str | None = None
    ) -> Decision:
        """Fits what makes answers of outputs.

        Args:
            outputs: Of texts that were not trained on, [n, …]; with `per_token` those of all
                tokens one after the other, [total, …].
            texts: The same texts as `prepare` gave them, with their targets.
            decide_for: The figure that shall be good, one of those the task knows; None for
                `metric`.
        """

    def decision(self, facts: Mapping[str, Any]) -> Decision:
        """Makes a decision again.

        Args:
            facts: What `Decision.facts` gave of it; JSON may have held them.
        """

    def evaluate(self, outputs: np.ndarray, texts: Texts, decision: Any) -> dict[str, Any]:
        """How good the answers are.

        Args:
            outputs: See `fit_decision`.
            texts: Those the outputs are of.
            decision: Makes the answers.

        Returns:
            Figures by name, numbers for the history of the training; what is no number, such
            as the figures of each class, is for `summary.json` alone. The epoch is picked by
            `log_loss` where there is one, and by `metric` otherwise.
        """

    def decided(self, outputs: np.ndarray, texts: Texts, decision: Any) -> np.ndarray:
        """What is named in the end, by which two models are compared one by one.

        Args:
            outputs: See `fit_decision`.
            texts: Those the outputs are of.
            decision: Makes the answers.

        Returns:
            A number for each text, or for each of what is named in them, such as a class or a
            tag; of the same texts always as many.
        """

    def fitted(self, outputs: np.ndarray, texts: Texts, decision: Any) -> dict[str, float]:
        """What the fit changed, such as the calibration error before and after it.

        Args:
            outputs: What the decision was fitted on.
            texts: Likewise.
            decision: What came of it.
        """

    def compare(
        self, candidate: np.ndarray, reference: np.ndarray, texts: Texts, decision: Any
    ) -> dict[str, Difference]:
        """How much better the outputs of one model are than those of another.

        Args:
            candidate: Outputs of the one, see `fit_decision`; finite.
            reference: Of the other.
            texts: Those that both are of, at least one.
            decision: Makes the answers of both.

        Returns:
            By name of a figure, among them `metric`, that of the candidate minus that of the
            reference. The greater the better, but for `log_loss`.
        """
