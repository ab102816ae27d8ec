"""The task of naming one class for a text."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from ...arrays import distributions, softmax
from ...encoders.base import Encoder
from ...encoders.truncation import Truncation
from ...settings import ModelSettings, TrainingSettings
from ..base import AnyTexts, Target, Texts
from ..differences import Difference
from ..probabilities import log_losses
from ..weights import balanced_class_weights
from .comparison import Judged, compare
from .decision import Decision
from .loss import GradeLoss
from .metrics import classification_report, expected_calibration_error
from .model import ReviewClassifier
from .targets import GRADE, classes_of, shares_of


@dataclasses.dataclass(frozen=True)
class TextClassification:
    """One class for each text, learnt by grades.

    Attributes:
        labels: Name of each class, in the order of its index.
        grades: Class index of each grade, see `ReviewClassifier`; by default each class is one.
        class_counts: How many texts of each class were learnt from; empty where that is not known.

    Example:
        >>> TextClassification(("negative", "neutral", "positive")).grades
        (0, 1, 2)
    """

    labels: tuple[str, ...]
    grades: tuple[int, ...] = ()
    class_counts: tuple[int, ...] = ()

    name = "text-classification"
    per_token = False
    reads_all = False
    pairs = False
    metric = "macro_f1"

    def __post_init__(self):
        # Sequences of any kind may be given; they are compared and shown as tuples.
        object.__setattr__(self, "labels", tuple(self.labels))
        object.__setattr__(self, "grades", tuple(self.grades) or tuple(range(len(self.labels))))
        object.__setattr__(self, "class_counts", tuple(self.class_counts))

    @property
    def targets(self) -> dict[str, Target]:
        """`grade`: the share of each grade, or, of texts in memory, the only one."""
        return {GRADE: Target("float32", size=len(self.grades))}

    def config(self) -> dict[str, Any]:
        """What `make_task` makes an equal task of."""
        learnt = {"class_counts": list(self.class_counts)} if self.class_counts else {}
        return {"labels": list(self.labels), "grades": list(self.grades), **learnt}

    def informed_by(self, texts: Texts) -> TextClassification:
        """The task that knows how many texts of each class are learnt from.

        Args:
            texts: Those, with their grades.
        """
        counts = np.bincount(classes_of(texts, self.grades), minlength=len(self.labels))
        return dataclasses.replace(self, class_counts=tuple(counts.tolist()))

    def shares(self, classes: np.ndarray) -> np.ndarray | None:
        """Of each class, among texts that were drawn as those learnt from were, and those.

        Args:
            classes: Class indices of such texts, int [n].

        Returns:
            float64 [classes]; None where it is not known what was learnt from.
        """
        if not self.class_counts:
            return None
        return shares_of(classes, len(self.labels), self.class_counts)

    def build(self, encoder: Encoder, settings: ModelSettings) -> ReviewClassifier:
        """A classifier with a fresh head on an encoder; see `Task.build`."""
        return ReviewClassifier(
            encoder, len(self.labels), settings.dropout, settings.pooling, self.grades
        )

    def prepare(self, texts: AnyTexts, settings: ModelSettings) -> AnyTexts:
        """The texts, cut as the settings say."""
        return texts.cut(Truncation(int(settings.max_tokens), settings.truncation))

    def training_outputs(self, model: ReviewClassifier, inputs: dict[str, tf.Tensor]) -> tf.Tensor:
        """Logits of the grades, float32 [batch, grades]."""
        return model.grade_logits(inputs, training=True)

    def loss(self, texts: Texts, settings: TrainingSettings) -> GradeLoss:
        """Cross-entropy, its classes weighted and its targets smoothed as the settings say."""
        grades = np.array(self.grades)
        weights = np.ones(len(grades), np.float32)
        if settings.class_weight == "balanced":
            classes = classes_of(texts, self.grades)
            weights = balanced_class_weights(classes, len(self.labels))[grades]
        return GradeLoss(weights, settings.label_smoothing)

    def target_distributions(self, texts: Texts) -> np.ndarray:
        """What the probabilities of the grades of each text shall be, float32 [n, grades].

        Args:
            texts: With their grades.
        """
        return distributions(texts.targets[GRADE], len(self.grades))

    def fit_decision(
        self, outputs: np.ndarray, texts: Texts, decide_for: str | None = None
    ) -> Decision:
        """Fits calibration and offsets.

        Args:
            outputs: Logits, float32 [n, classes].
            texts: Those the logits are of.
            decide_for: `macro_f1`, which None stands for, `accuracy` or `both`.
        """
        classes = classes_of(texts, self.grades)
        return Decision.fit(outputs, classes, decide_for or self.metric, self.shares(classes))

    def decision(self, facts: Mapping[str, Any]) -> Decision:
        """The decision of its `facts`; see `Task.decision`."""
        return Decision.from_facts(facts)

    def evaluate(self, outputs: np.ndarray, texts: Texts, decision: Decision) -> dict[str, Any]:
        """The figures of `classification_report`."""
        return classification_report(
            decision.probabilities(outputs),
            decision.decided(outputs),
            classes_of(texts, self.grades),
            list(self.labels),
        )

    def losses(self, outputs: np.ndarray, texts: Texts, decision: Decision) -> np.ndarray:
        """What each text costs, see `log_losses`."""
        return log_losses(decision.probabilities(outputs), classes_of(texts, self.grades))

    def decided(self, outputs: np.ndarray, texts: Texts, decision: Decision) -> np.ndarray:
        """The class of each text, int64 [n]; see `Decision.decided`."""
        return decision.decided(outputs)

    def fitted(self, outputs: np.ndarray, texts: Texts, decision: Decision) -> dict[str, float]:
        """The calibration error before and after the fit: `ece_before`, `ece_after`."""
        classes = classes_of(texts, self.grades)
        before = softmax(np.asarray(outputs, np.float64))
        return {
            "ece_before": expected_calibration_error(before, classes),
            "ece_after": expected_calibration_error(decision.probabilities(outputs), classes),
        }

    def compare(
        self, candidate: np.ndarray, reference: np.ndarray, texts: Texts, decision: Decision
    ) -> dict[str, Difference]:
        """The differences of `accuracy`, `macro_f1` and `log_loss`; see `comparison.compare`."""
        one, other = (
            Judged(decision.probabilities(outputs), decision.decided(outputs))
            for outputs in (candidate, reference)
        )
        return compare(one, other, classes_of(texts, self.grades), len(self.labels))


def make_task(
    labels: Sequence[str], grades: Sequence[int] = (), class_counts: Sequence[int] = ()
) -> TextClassification:
    """Makes the task of what `TextClassification.config` gives.

    Args:
        labels: Name of each class.
        grades: Class index of each grade.
        class_counts: How many texts of each class were learnt from.
    """
    return TextClassification(tuple(labels), tuple(grades), tuple(class_counts))
