"""The task of finding the part of a text that answers a question."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from ...encoders.base import Encoder
from ...encoders.windows import Windows
from ...settings import ModelSettings, TrainingSettings
from ..base import AnyTexts, Target, Texts
from ..differences import Difference
from ..probabilities import calibration_error
from ..weights import balanced_class_weights
from .decision import AnswerDecision, Spans, find_spans
from .judging import Truth, read_pairs
from .likelihood import fit_temperature, log_losses
from .loss import SpanLoss
from .model import QuestionAnswerer
from .targets import ANSWERED, ANSWERS, HERE, NOWHERE, answers_here


@dataclasses.dataclass(frozen=True)
class QuestionAnswering:
    """Answers that are parts of texts, learnt by where they begin and end.

    Attributes:
        max_answer_tokens: Tokens of an answer at most.

    Example:
        >>> QuestionAnswering().metric
        'f1'
    """

    max_answer_tokens: int = 30

    name = "question-answering"
    labels = ()
    per_token = True
    reads_all = True
    pairs = True
    metric = "f1"
    counts = ("answered", "right_answers", "cut_answers")

    @property
    def targets(self) -> dict[str, Target]:
        """`answers` of each token and `answered` of each text, see `targets.answer_targets`."""
        return {ANSWERS: Target("int32", per_token=True, padding=NOWHERE), ANSWERED: Target()}

    def config(self) -> dict[str, Any]:
        """What `make_task` makes an equal task of."""
        return {"max_answer_tokens": self.max_answer_tokens}

    def build(self, encoder: Encoder, settings: ModelSettings) -> QuestionAnswerer:
        """A reader with a fresh head on an encoder; see `Task.build`."""
        return QuestionAnswerer(encoder, settings.dropout)

    def prepare(self, texts: AnyTexts, settings: ModelSettings) -> AnyTexts:
        """Windows of the texts, of which `answered` says where the answer is that is learnt."""
        read = texts.in_windows(Windows.of(settings, pairs=True), {})
        return read.with_targets({ANSWERED: answers_here(texts, read)})

    def training_outputs(self, model: QuestionAnswerer, inputs: dict[str, tf.Tensor]) -> tf.Tensor:
        """Logits of start and end, float32 [batch, width, 2]."""
        return model(inputs, training=True)

    def loss(self, texts: Texts, settings: TrainingSettings) -> SpanLoss:
        """Cross-entropy, rows with and without the answer weighted as the settings say."""
        weights = np.ones(2, np.float32)
        if settings.class_weight == "balanced":
            here = (texts.targets[ANSWERED] == HERE).astype(np.int64)
            weights = balanced_class_weights(here, 2)
        return SpanLoss(weights, settings.label_smoothing)

    def fit_decision(
        self, outputs: np.ndarray, texts: Texts, decide_for: str | None = None
    ) -> AnswerDecision:
        """Fits the threshold of there being no answer, and the calibration of scores.

        Args:
            outputs: Logits of start and end, float32 [total, 2].
            texts: Those the logits are of.
            decide_for: Not needed: whatever it is, the likeliest answers are given.
        """
        spans, truth = self._spans(outputs, texts), Truth(texts)
        return AnswerDecision.fit(
            spans,
            *truth.judge(spans.first, spans.last),
            truth.answered,
            self.max_answer_tokens,
            fit_temperature(outputs, texts),
        )

    def decision(self, facts: Mapping[str, Any]) -> AnswerDecision:
        """The decision of its `facts`; see `Task.decision`."""
        return AnswerDecision.from_facts(facts, self.max_answer_tokens)

    def evaluate(
        self, outputs: np.ndarray, texts: Texts, decision: AnswerDecision
    ) -> dict[str, Any]:
        """How good the answers are.

        `f1` and `exact`, the means over the texts, by tokens: of a text without an answer both
        are 1 where none is given. The same of the texts that have an answer, `has_answer_f1` and
        `has_answer_exact`, and of the others, `no_answer_f1`, where there are any. `ece` is the
        calibration error of the scores, which say how likely what is given is exactly right, and
        `log_loss` that of where the answers begin and end, the mean over the rows.
        """
        given = self._given(outputs, texts, decision)
        answered = given.truth.answered
        figures = {
            "f1": _mean(given.f1),
            "exact": _mean(given.exact),
            "ece": calibration_error(given.scores, given.exact),
            "log_loss": _mean(self.losses(outputs, texts, decision)),
        }
        if answered.any():
            figures["has_answer_f1"] = _mean(given.f1[answered])
            figures["has_answer_exact"] = _mean(given.exact[answered])
        if not answered.all():
            figures["no_answer_f1"] = _mean(given.f1[~answered])
        return figures

    def losses(self, outputs: np.ndarray, texts: Texts, decision: AnswerDecision) -> np.ndarray:
        """What each row costs, see `likelihood.log_losses`."""
        return log_losses(outputs, texts, decision.temperature)

    def decided(self, outputs: np.ndarray, texts: Texts, decision: AnswerDecision) -> np.ndarray:
        """Of each text a number of its answer's first token and length, -1 of none, int64."""
        given = self._given(outputs, texts, decision)
        first, last = given.spans.first, given.spans.last
        return np.where(given.found, first * self.max_answer_tokens + last - first, -1)

    def fitted(
        self, outputs: np.ndarray, texts: Texts, decision: AnswerDecision
    ) -> dict[str, float]:
        """The calibration error of the scores before and after: `ece_before`, `ece_after`."""
        plain = AnswerDecision.unfitted(decision.threshold, self.max_answer_tokens)
        given = {
            f"ece_{when}": self._given(outputs, texts, one)
            for when, one in (("before", plain), ("after", decision))
        }
        return {name: calibration_error(one.scores, one.exact) for name, one in given.items()}

    def compare(
        self, candidate: np.ndarray, reference: np.ndarray, texts: Texts, decision: AnswerDecision
    ) -> dict[str, Difference]:
        """The differences of `f1` and `exact`, by the paired bootstrap over texts."""
        random = np.random.default_rng(0)
        ours, theirs = (self._given(of, texts, decision) for of in (candidate, reference))
        return {
            "f1": Difference.of_mean(ours.f1 - theirs.f1, random=random),
            "exact": Difference.of_mean(ours.exact * 1.0 - theirs.exact, random=random),
        }

    def _spans(self, outputs: np.ndarray, texts: Texts) -> Spans:
        """The answers that texts could have, in NumPy."""
        logits = tf.RaggedTensor.from_row_splits(outputs, texts.row_splits, validate=False)
        spans = find_spans(logits, read_pairs(texts), self.max_answer_tokens)
        return Spans(**{name: value.numpy() for name, value in vars(spans).items()})

    def _given(self, outputs: np.ndarray, texts: Texts, decision: AnswerDecision) -> _Given:
        spans, truth = self._spans(outputs, texts), Truth(texts)
        found, scores = decision.decided(spans)
        f1, exact = truth.judge(spans.first, spans.last)
        none_is_right = ~found & ~truth.answered
        return _Given(
            spans=spans,
            truth=truth,
            found=found,
            scores=scores,
            f1=np.where(found, f1, none_is_right),
            exact=np.where(found, exact, none_is_right),
        )


def make_task(max_answer_tokens: int = 30) -> QuestionAnswering:
    """Makes the task of what `QuestionAnswering.config` gives.

    Args:
        max_answer_tokens: Tokens of an answer at most.
    """
    return QuestionAnswering(max_answer_tokens)


@dataclasses.dataclass(frozen=True)
class _Given:
    """What is said of texts, and how good that is: `f1`, `exact` and `scores` of each."""

    spans: Spans
    truth: Truth
    found: np.ndarray
    scores: np.ndarray
    f1: np.ndarray
    exact: np.ndarray


def _mean(values: np.ndarray) -> float:
    return float(values.sum() / max(len(values), 1))
