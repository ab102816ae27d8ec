"""Probabilities that mean what they say: a temperature, a stretch and a bias per class."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from ..arrays import array_namespace, like, softmax

# Beyond these a temperature says that the split is too small to fit one.
COLDEST, HOTTEST = 0.05, 20.0
# Smallest and greatest 1 / T and stretch; a stretch below 0 could reverse an order.
_RANGES = (1 / HOTTEST, 0.0), (1 / COLDEST, 10.0)
# What is expected before any row is seen, so that a handful of rows that happen to be easy cannot
# say that everything is certain: thousands of rows decide alone, as each of these is one addend
# beside the sum over the rows. benchmarks/NOTES.md has how they were chosen.
#
# Calibrated logits of this norm, whatever that of the logits is: one class of three is some ten
# times as probable as each of the others. It weighs as much as so many rows.
_USUAL_NORM = 2.0
_USUAL_NORM_ROWS = 3.0
# Biases and a stretch of about this size.
_USUAL_BIAS = 0.6
_USUAL_STRETCH = 0.1
# Keeps the biases of classes finite that a large split does not have, at no cost elsewhere.
_RIDGE = 1e-3


@dataclasses.dataclass(frozen=True)
class Calibration:
    """What makes probabilities of logits.

    Attributes:
        temperature: The logits are divided by it.
        biases: Added after that, one per class; their sum is zero.
        stretch: How much faster than that a review's logits grow with their own norm.

    Example:
        >>> logits = np.array([[4.0, 0.0]] * 4000)
        >>> Calibration.fit(logits, np.array([0, 0, 0, 1] * 1000)).probabilities(logits)[0].round(2)
        array([0.75, 0.25])
    """

    temperature: float
    biases: tuple[float, ...]
    stretch: float = 0.0

    @classmethod
    def fit(
        cls, logits: np.ndarray, labels: np.ndarray, shares: np.ndarray | None = None
    ) -> Calibration:
        """The numbers for which the probabilities have least log loss.

        A temperature alone cannot mend a class that is too likely throughout, as a rare one
        is after fine-tuning; with a bias for each class it is "bias-corrected temperature
        scaling" (Alexandari et al., "Maximum Likelihood with Bias-Corrected Calibration is
        Hard-To-Beat at Label Shift Adaptation", ICML 2020). Nor can it mend logits that
        saturate: reviews that are as good as certain and those that only look so end up with
        nearly the same ones. The stretch parts them.

        What is made small is the log loss of all rows and, once, what speaks against unusual
        numbers: a gamma distribution of the norm that the calibrated logits have in the mean,
        and normal ones of the biases and of the stretch. So fifty rows, or rows that are all
        named right, do not make everything certain, however certain the classifier is of
        itself, and the numbers of thousands of rows are those of the log loss. All of it is
        convex in 1 / T, the stretch and the biases, so Newton's method finds the minimum.

        Of a hundred rows a class may have a quarter where it has a third of all there are, and the
        biases would follow. Where the shares are better known, each row counts as much as makes
        the rows' shares those ("post-stratification", Holt and Smith, "Post Stratification",
        Journal of the Royal Statistical Society A, 1979).

        Args:
            logits: float [n, classes], of reviews the classifier was not trained on.
            labels: True class indices, int [n].
            shares: Of the classes among all reviews like these, float [classes], as far as they
                are known; None for those among these.

        Returns:
            The calibration; its temperature is in [0.05, 20], and 1.0 where the split is
            empty or the logits say nothing.
        """
        logits = np.asarray(logits, np.float64)
        rows, classes = logits.shape
        if not rows:
            return cls(1.0, (0.0,) * classes)
        objective = _Objective(logits, labels, shares)
        weights = np.concatenate([[1.0, 0.0], np.zeros(classes)])
        # L-BFGS-B of scipy.optimize, 35 lines less, finds the same to 1e-8 in twice the time.
        for _ in range(100):
            slope, curvature = objective.derivatives(weights)
            # At the end of its range, or where it changes nothing, a scale stays.
            towards = np.clip(weights[:2] - np.sign(slope[:2]), *_RANGES)
            for index in np.flatnonzero(weights[:2] == towards):
                slope[index], curvature[index], curvature[:, index] = 0, 0, 0
                curvature[index, index] = 1
            step = np.linalg.solve(curvature, slope)
            weights = objective.descend(weights, step)
            if np.abs(step).max() < 1e-9:
                break
        biases = weights[2:] - weights[2:].mean()
        return cls(float(1 / weights[0]), tuple(float(bias) for bias in biases), float(weights[1]))

    @classmethod
    def fit_odds(cls, odds: np.ndarray, right: np.ndarray) -> Calibration:
        """The calibration of whether something is right.

        Args:
            odds: Log odds of it, float [n].
            right: Whether it is, bool [n].
        """
        return cls.fit(_no_and_yes(odds), right.astype(np.int64))

    @classmethod
    def from_facts(cls, facts: Mapping[str, Any]) -> Calibration:
        """The calibration that `facts` describes.

        Args:
            facts: What `Calibration.facts` gave; more keys do no harm.
        """
        return cls(facts["temperature"], tuple(facts["biases"]), facts["stretch"])

    def facts(self) -> dict[str, Any]:
        """`temperature`, `stretch` and `biases`, as JSON can hold them."""
        return {
            "temperature": self.temperature,
            "stretch": self.stretch,
            "biases": list(self.biases),
        }

    def chances(self, odds: Any) -> Any:
        """Calibrated probabilities that something is right, [n]; see `fit_odds`.

        Args:
            odds: Log odds of it, [n], of NumPy or of a graph.
        """
        return self.probabilities(_no_and_yes(odds))[:, 1]

    def probabilities(self, logits: Any) -> Any:
        """Calibrated probabilities, [n, classes], of logits [n, classes].

        Args:
            logits: Of NumPy, whose probabilities are float64, or of a graph, whose
                probabilities have the dtype of the logits.
        """
        if isinstance(logits, np.ndarray):
            logits = logits.astype(np.float64)
        plain, stretched = _features(logits)
        scores = plain / self.temperature + self.stretch * stretched
        return softmax(scores + like(logits, self.biases))


def _no_and_yes(odds: Any) -> Any:
    """Log odds as the scores of two classes, [n, 2]."""
    xp = array_namespace(odds)
    return xp.stack([xp.zeros_like(odds), odds], axis=1)


def _features(logits: Any) -> tuple[Any, Any]:
    """What the two scales multiply, [n, classes] each: the logits, and those times their norm."""
    xp = array_namespace(logits)
    centered = logits - xp.mean(logits, axis=1, keepdims=True)
    norm = xp.sqrt(xp.sum(centered * centered, axis=1, keepdims=True))
    return centered, centered * norm


def _counting(labels: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """How much each row counts, 1 in the mean, so that the shares of the classes are these."""
    there = np.bincount(labels, minlength=len(shares))
    # One more of each class on both sides: no single row counts for ten.
    counting = ((shares * len(labels) + 1) / (there + 1))[labels]
    return counting / counting.mean()


class _Objective:
    """What the fit makes small, of the weights [2 + classes]: 1 / T, stretch and biases."""

    def __init__(self, logits: np.ndarray, labels: np.ndarray, shares: np.ndarray | None):
        self.rows, self.classes = logits.shape
        self.counting = np.ones(self.rows) if shares is None else _counting(labels, shares)
        self.features = np.stack(_features(logits))
        self.true = np.eye(self.classes)[labels]
        # With the two scales it gives the mean norm of what is calibrated, of the usual one.
        self.usual = np.linalg.norm(self.features, axis=2).mean(axis=1) / _USUAL_NORM
        if not self.usual[0]:
            # Logits that say nothing have no norm; their scale stays what it is.
            self.usual = np.array([1.0, 0.0])
        # How strongly the stretch and the biases are held, for each row.
        self.stretch_held = 1 / _USUAL_STRETCH**2 / self.rows
        self.biases_held = 1 / _USUAL_BIAS**2 / self.rows + _RIDGE

    def scores(self, weights: np.ndarray) -> np.ndarray:
        return np.tensordot(weights[:2], self.features, 1) + weights[2:]

    def loss(self, weights: np.ndarray) -> float:
        scores = self.scores(weights)
        top = scores.max(axis=1)
        normalizer = top + np.log(np.exp(scores - top[:, None]).sum(axis=1))
        scale = self.usual @ weights[:2]
        unusual = _USUAL_NORM_ROWS / self.rows * (scale - np.log(scale))
        unusual += self.stretch_held / 2 * weights[1] ** 2
        unusual += self.biases_held / 2 * (weights[2:] ** 2).sum()
        losses = normalizer - (scores * self.true).sum(axis=1)
        return float((self.counting * losses).mean() + unusual)

    def derivatives(self, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Gradient [2 + classes] and Hessian of the loss."""
        probabilities = softmax(self.scores(weights))
        counted = self.counting[:, None] * probabilities
        error = counted - self.counting[:, None] * self.true
        scales = (error * self.features).sum(axis=(1, 2)) / self.rows
        scale = self.usual @ weights[:2]
        scales += _USUAL_NORM_ROWS / self.rows * (1 - 1 / scale) * self.usual
        slope = np.concatenate([scales, error.mean(axis=0) + self.biases_held * weights[2:]])
        slope[1] += self.stretch_held * weights[1]

        mean = (probabilities * self.features).sum(axis=2, keepdims=True)
        spread = self.features - mean
        curvature = np.empty((self.classes + 2, self.classes + 2))
        curvature[:2, :2] = np.einsum("nc,inc,jnc->ij", counted, spread, spread)
        curvature[:2, :2] += _USUAL_NORM_ROWS / scale**2 * np.outer(self.usual, self.usual)
        curvature[:2, 2:] = (counted * spread).sum(axis=1)
        curvature[2:, :2] = curvature[:2, 2:].T
        curvature[2:, 2:] = np.diag(counted.sum(axis=0)) - counted.T @ probabilities
        curvature /= self.rows
        held = np.concatenate([[0.0, self.stretch_held], np.full(self.classes, self.biases_held)])
        return slope, curvature + np.diag(held)

    def descend(self, weights: np.ndarray, step: np.ndarray) -> np.ndarray:
        """The weights after a step, or as much of it as lowers the loss within the ranges."""
        before = self.loss(weights)
        for _ in range(40):
            after = weights - step
            after[:2] = np.clip(after[:2], *_RANGES)
            if self.loss(after) <= before:
                return after
            step = step / 2
        return weights
