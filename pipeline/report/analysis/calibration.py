"""Whether what a model is sure of is right as often as it says."""

from __future__ import annotations

import dataclasses

import numpy as np

from ....models.tasks.probabilities import log_losses
from .estimates import Estimate, of_counts, of_sums, share

# As the expected calibration error of `summary.json` has them.
BINS = 15


@dataclasses.dataclass(frozen=True)
class Bin:
    """Answers of which a model is about equally sure.

    Attributes:
        low: Where the bin of confidences begins.
        high: Where it ends.
        examples: How many answers are in it.
        confidence: The mean of how sure the model is of them.
        accuracy: How often they are right.
    """

    low: float
    high: float
    examples: int
    confidence: float
    accuracy: Estimate


@dataclasses.dataclass(frozen=True)
class Reliability:
    """What a model's confidence is worth.

    Attributes:
        bins: Those with answers, in the order of their confidence.
        ece: The expected calibration error (Guo et al., ICML 2017).
    """

    bins: tuple[Bin, ...]
    ece: Estimate


def reliability_of(confidence: np.ndarray, right: np.ndarray) -> Reliability | None:
    """Compares confidences with how often they were right; None of no answers.

    Args:
        confidence: Probability of each answer that it is right, float [n].
        right: Whether it is, bool [n].

    Example:
        >>> found = reliability_of(np.array([0.8, 0.8, 0.3]), np.array([True, False, False]))
        >>> [(each.examples, round(each.accuracy.value, 1)) for each in found.bins]
        [(1, 0.0), (2, 0.5)]
    """
    if not len(confidence):
        return None
    confidence = np.asarray(confidence, np.float64)
    places = np.clip(np.ceil(confidence * BINS).astype(np.int64) - 1, 0, BINS - 1)
    sizes, hits, sums = (
        np.bincount(places, weights=weights, minlength=BINS)
        for weights in (None, right, confidence)
    )
    bins = []
    for place in np.flatnonzero(sizes):
        accuracy = share(hits[place], sizes[place])
        assert accuracy is not None
        mean = float(sums[place] / sizes[place])
        bins.append(Bin(place / BINS, (place + 1) / BINS, int(sizes[place]), mean, accuracy))

    def error(counts: np.ndarray) -> np.ndarray:
        # Two cells for each bin: answers that are right, and the others.
        one, other = counts[:, :BINS], counts[:, BINS:]
        gaps = (one + other) * (sums / np.maximum(sizes, 1)) - one
        return np.abs(gaps).sum(axis=1, keepdims=True) / counts.sum(axis=1, keepdims=True)

    (ece,) = of_counts(np.concatenate([hits, sizes - hits]).astype(np.int64), error, centred=True)
    return Reliability(tuple(bins), ece)


def log_loss_of(probabilities: np.ndarray, truth: np.ndarray) -> Estimate:
    """The mean of minus the logarithm of the probability of what is true.

    Args:
        probabilities: float [n, classes], at least one row.
        truth: True class indices, int [n].
    """
    losses = log_losses(probabilities, truth)
    (found,) = of_sums(
        np.stack([losses, np.ones(len(losses))], axis=1), lambda of: of[:, :1] / of[:, 1:]
    )
    return found
