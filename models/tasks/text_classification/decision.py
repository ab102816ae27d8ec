"""Which class to name, given calibrated probabilities: per-class offsets."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ...arrays import array_namespace, like
from ..calibration import Calibration
from .targets import shares_of

# An offset of 3 already multiplies the odds of a class by 20.
LARGEST = 3.0
# Beside macro-F1, in `both`: with 1 the most probable class of another model was more accurate,
# with more the rare classes are hardly named (benchmarks/NOTES.md).
_WEIGHT_OF_ACCURACY = 2.0


@dataclasses.dataclass(frozen=True)
class Decision:
    """What turns logits into calibrated probabilities and those into a class.

    Attributes:
        calibration: Makes the probabilities.
        offsets: Added to the log probabilities before the highest is taken, one per class.
        prior: Probabilities of the classes for a text in which there is nothing to read; by
            default all are equal.
    """

    calibration: Calibration
    offsets: tuple[float, ...]
    prior: tuple[float, ...] = ()

    def __post_init__(self):
        classes = len(self.offsets)
        object.__setattr__(self, "prior", tuple(self.prior) or (1 / classes,) * classes)

    @classmethod
    def fit(
        cls,
        logits: np.ndarray,
        labels: np.ndarray,
        decide_for: str = "macro_f1",
        shares: np.ndarray | None = None,
    ) -> Decision:
        """Fits the calibration, then the offsets for a metric; the prior are the classes' shares.

        Args:
            logits: float [n, classes], of reviews the classifier was not trained on.
            labels: True class indices, int [n].
            decide_for: `macro_f1`, `accuracy`, or `both`, in which accuracy counts twice.
            shares: Of the classes, where more is known than these labels; see `Calibration.fit`.

        Returns:
            The decision for this classifier.
        """
        calibration = Calibration.fit(logits, labels, shares)
        offsets = np.zeros(logits.shape[1])
        # The most probable class serves accuracy best.
        if decide_for != "accuracy" and len(labels):
            offsets = tune_offsets(calibration.probabilities(logits), decide_for)
        prior = shares_of(labels, len(offsets)) if shares is None else shares
        return cls(calibration, tuple(offsets.tolist()), tuple(prior.tolist()))

    @classmethod
    def from_facts(cls, facts: Mapping[str, Any]) -> Decision:
        """The decision that `facts` describes.

        Args:
            facts: What `Decision.facts` gave; more keys do no harm.
        """
        calibration = Calibration.from_facts(facts)
        return cls(calibration, tuple(facts["offsets"]), tuple(facts["prior"]))

    def probabilities(self, logits: Any) -> Any:
        """Calibrated probabilities, [n, classes]; see `Calibration.probabilities`."""
        return self.calibration.probabilities(logits)

    def decided(self, outputs: Any) -> Any:
        """Class indices decided for, int64 [n].

        Args:
            outputs: Logits [n, classes], of NumPy or of a graph.
        """
        return decide(self.probabilities(outputs), self.offsets)

    def answers(self, outputs: Any, is_blank: Any) -> tuple[Any, Any]:
        """Probabilities [n, classes] and class indices, int64 [n], of texts as they come.

        Where there is nothing to read, what the model's outputs say is chance: the answer is
        the prior, and the class that is decided for given that.

        Args:
            outputs: Logits [n, classes], of NumPy or of a graph.
            is_blank: Which texts are blank, bool [n].
        """
        xp = array_namespace(outputs)
        read = self.probabilities(outputs)
        probabilities = xp.where(is_blank[:, None], like(read, self.prior), read)
        return probabilities, decide(probabilities, self.offsets)

    def facts(self) -> dict[str, Any]:
        """`temperature`, `stretch`, `biases`, `offsets` and `prior`."""
        return {
            **self.calibration.facts(),
            "offsets": list(self.offsets),
            "prior": list(self.prior),
        }


def decide(probabilities: Any, offsets: Any) -> Any:
    """The class with the highest log probability plus offset; the first one of equals.

    Args:
        probabilities: float [n, classes], of NumPy or of a graph.
        offsets: float [classes], added to the log probabilities.

    Returns:
        Class indices, int64 [n].
    """
    xp = array_namespace(probabilities)
    return xp.argmax(_log(probabilities) + like(probabilities, offsets), axis=1)


def tune_offsets(probabilities: np.ndarray, decide_for: str = "macro_f1") -> np.ndarray:
    """Offsets for which the decisions have the best macro-F1 to be expected.

    Where a rare class is next to impossible to tell, a hundredth of macro-F1 can cost five of
    accuracy. `both` is for macro-F1 and twice the accuracy, so that a point of accuracy is given up
    for two of macro-F1 or more.

    The offsets of the classes are searched in turn from zero, each over all values that change a
    decision, for the score to be expected if the probabilities are right: a review counts
    towards every class with that class's probability (as in Lipton et al., "Optimal
    Thresholding of Classifiers to Maximize F1 Measure", ECML 2014). The score of the labels
    themselves jumps with every rare review, so that its optimum depends more on the split. Nor
    do the labels say whether offsets serve at all: on a small split their answer is chance, and
    offsets that were taken whatever they said were better on all files that were tried
    (benchmarks/NOTES.md).

    Args:
        probabilities: Calibrated, float [n, classes], of reviews not trained on, at least one.
        decide_for: `macro_f1`, or `both` for macro-F1 and twice the accuracy.

    Returns:
        float64 [classes] with a mean of zero.
    """
    scores = _log(probabilities)
    offsets = np.zeros(scores.shape[1])
    best = -1.0
    while True:
        for index in range(len(offsets)):
            offsets[index], reached = _best_offset(
                scores + offsets, probabilities, index, offsets[index], _SCORES[decide_for]
            )
        if reached <= best + 1e-9:
            return offsets - offsets.mean()
        best = reached


def _best_offset(
    shifted: np.ndarray,
    probabilities: np.ndarray,
    index: int,
    current: float,
    score: Callable[[np.ndarray], np.ndarray],
) -> tuple[float, float]:
    """The offset of class `index` with the best score, the others fixed, and that score."""
    rows, num_classes = shifted.shape
    others = shifted.copy()
    others[:, index] = -np.inf
    rival = others.argmax(axis=1)
    # Raising the class by more than this makes it win the row from its strongest rival.
    needed = others.max(axis=1) - shifted[:, index]
    order = np.argsort(needed, kind="stable")
    needed, rival, shares = needed[order], rival[order], probabilities[order]

    # counts[w] is the expected confusion matrix once the class has won the first w rows.
    counts = np.zeros((rows + 1, num_classes, num_classes))
    every = np.arange(rows)
    np.add.at(counts[0].T, rival, shares)
    counts[every + 1, :, rival] -= shares
    counts[every + 1, :, index] += shares
    scores = score(np.cumsum(counts, axis=0))

    edges = np.concatenate([[-np.inf], needed, [np.inf]])
    low, high = edges[:-1], edges[1:]
    bounds = (-LARGEST - current, LARGEST - current)
    low, high = np.clip(low, *bounds), np.clip(high, *bounds)
    scores[high - low < 1e-9] = -1.0
    won = int(scores.argmax())
    return current + (low[won] + high[won]) / 2, float(scores[won])


def _macro_f1s(counts: np.ndarray) -> np.ndarray:
    hits = np.diagonal(counts, axis1=1, axis2=2)
    # A class that neither occurs nor is named scores nothing, for which any divisor will do.
    return (2 * hits / np.maximum(counts.sum(1) + counts.sum(2), 1e-9)).mean(axis=1)


def _macro_f1s_and_accuracies(counts: np.ndarray) -> np.ndarray:
    accuracies = np.trace(counts, axis1=1, axis2=2) / counts.sum((1, 2))
    return _macro_f1s(counts) + _WEIGHT_OF_ACCURACY * accuracies


# Of expected confusion matrices [n, classes, classes], by what is decided for.
_SCORES = {"macro_f1": _macro_f1s, "both": _macro_f1s_and_accuracies}


def _log(probabilities: Any) -> Any:
    xp = array_namespace(probabilities)
    return xp.log(xp.maximum(probabilities, like(probabilities, 1e-30)))
