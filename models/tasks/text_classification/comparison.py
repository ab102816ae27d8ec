"""Whether one classifier is better than another on the same texts, or only luckier."""

from __future__ import annotations

import dataclasses

import numpy as np

from ..differences import SAMPLES, Difference, binomial_tail, portions
from ..probabilities import log_losses


@dataclasses.dataclass(frozen=True)
class Judged:
    """What a classifier says of some texts.

    Attributes:
        probabilities: Of the classes, float [n, classes].
        decided: Class indices decided for, int [n]; not always the most probable ones.
    """

    probabilities: np.ndarray
    decided: np.ndarray


@dataclasses.dataclass(frozen=True)
class Disagreement:
    """Texts that only one of two classifiers names right.

    Attributes:
        gained: How many only the first one does.
        lost: How many only the second one does.

    Example:
        >>> round(Disagreement(gained=9, lost=1).p_value, 3)
        0.021
    """

    gained: int
    lost: int

    @property
    def p_value(self) -> float:
        """How likely so unequal counts are, if both are right equally often.

        McNemar's test, the exact form: "Note on the sampling error of the difference between
        correlated proportions or percentages", Psychometrika 12, 1947.
        """
        more = max(self.gained, self.lost)
        return min(1.0, 2 * binomial_tail(more, self.gained + self.lost, 0.5))


def compare(
    candidate: Judged,
    reference: Judged,
    labels: np.ndarray,
    num_classes: int,
    *,
    samples: int = SAMPLES,
    seed: int = 0,
) -> dict[str, Difference]:
    """How much better a classifier is than another, with the uncertainty of the split.

    The intervals are those of the paired bootstrap (Efron and Tibshirani, "An Introduction to
    the Bootstrap", 1993, chapter 13): both are judged on the same texts, drawn again and again
    with replacement, so that what makes a text hard for both of them cancels. The same
    arguments give the same numbers.

    Args:
        candidate: What the one says.
        reference: What the other says of the same texts.
        labels: True class indices, int [n], at least one.
        num_classes: How many classes there are.
        samples: How often texts are drawn.
        seed: Of the draws.

    Returns:
        The candidate's figure minus the reference's, of `accuracy`, `macro_f1` and `log_loss`,
        of which the last one is better the lower it is.

    Raises:
        ValueError: There are no texts.

    Example:
        >>> labels = np.arange(300) % 3
        >>> guessing = Judged(np.full((300, 3), 1 / 3), np.zeros(300, int))
        >>> certain = Judged(np.eye(3)[labels] * 0.97 + 0.01, labels)
        >>> compare(certain, guessing, labels, 3)["accuracy"].low > 0.6
        True
    """
    labels = np.asarray(labels)
    if not len(labels):
        raise ValueError("there are no texts to compare the classifiers on")
    random = np.random.default_rng(seed)
    # Of a text's decisions only these three count; so what is drawn is their combinations.
    rows = np.stack([labels, candidate.decided, reference.decided], axis=1)
    outcomes, counts = np.unique(rows, axis=0, return_counts=True)
    measured = _scores(counts[None], outcomes, num_classes)
    resampled = np.concatenate(
        [
            _scores(random.multinomial(len(rows), counts / len(rows), some), outcomes, num_classes)
            for some in portions(samples, len(counts))
        ],
        axis=1,
    )
    differences = {
        name: Difference.of_resamples(value, of)
        for name, (value,), of in zip(("accuracy", "macro_f1"), measured, resampled, strict=True)
    }
    losses = log_losses(candidate.probabilities, labels)
    losses = losses - log_losses(reference.probabilities, labels)
    return {**differences, "log_loss": Difference.of_mean(losses, samples=samples, random=random)}


def disagreement(candidate: np.ndarray, reference: np.ndarray, labels: np.ndarray) -> Disagreement:
    """Counts the texts that only one of two classifiers names right.

    Args:
        candidate: Class indices that the first one decided for, int [n].
        reference: Those of the second one.
        labels: The true ones.
    """
    right, other = candidate == labels, reference == labels
    return Disagreement(gained=int((right & ~other).sum()), lost=int((other & ~right).sum()))


def _scores(counts: np.ndarray, outcomes: np.ndarray, num_classes: int) -> np.ndarray:
    """Differences of accuracy and of macro-F1, [2, samples].

    Of counts [samples, outcomes] of the outcomes [outcomes, 3]: label, candidate, reference.
    """
    labels, *decisions = (np.eye(num_classes)[of] for of in outcomes.T)
    scores = []
    for named in decisions:
        hits = counts @ (labels * named)
        f1s = 2 * hits / np.maximum(counts @ (labels + named), 1)
        scores.append([hits.sum(axis=1) / counts.sum(axis=1), f1s.mean(axis=1)])
    candidate, reference = np.array(scores)
    return candidate - reference
