"""Probabilities that mean what they say: a temperature, a stretch and a bias per class."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from ..arrays import array_namespace, like, softmax

# Beyond these a temperature says that the split is too small to fit one.
COLDEST, HOTTEST = 0.05, 20.0
# Smallest and greatest 1 / T and stretch; a stretch below 0 could reverse an order.
_RANGES = (1 / HOTTEST, 0.0), (1 / COLDEST, 10.0)
# Keeps the biases of classes finite that a small split does not have, at no cost elsewhere.
_RIDGE = 1e-3
# The stretch is expected to be of this size: a few hundred reviews cannot tell it.
_USUAL_STRETCH = 0.1


@dataclasses.dataclass(frozen=True)
class Calibration:
    """What makes probabilities of logits.

    Attributes:
        temperature: The logits are divided by it.
        biases: Added after that, one per class; their sum is zero.
        stretch: How much faster than that a review's logits grow with their own norm.

    Example:
        >>> logits = np.array([[4.0, 0.0]] * 4)
        >>> Calibration.fit(logits, np.array([0, 0, 0, 1])).probabilities(logits)[0].round(2)
        array([0.75, 0.25])
    """

    temperature: float
    biases: tuple[float, ...]
    stretch: float = 0.0

    @classmethod
    def fit(cls, logits: np.ndarray, labels: np.ndarray) -> Calibration:
        """The numbers for which the probabilities have least log loss.

        A temperature alone cannot mend a class that is too likely throughout, as a rare one
        is after fine-tuning; with a bias for each class it is "bias-corrected temperature
        scaling" (Alexandari et al., "Maximum Likelihood with Bias-Corrected Calibration is
        Hard-To-Beat at Label Shift Adaptation", ICML 2020). Nor can it mend logits that
        saturate: reviews that are as good as certain and those that only look so end up with
        nearly the same ones. The stretch parts them. The log loss is convex in 1 / T, the
        stretch and the biases, so Newton's method finds its minimum.

        Args:
            logits: float [n, classes], of reviews the classifier was not trained on.
            labels: True class indices, int [n].

        Returns:
            The calibration; its temperature is in [0.05, 20], and 1.0 where the split is
            empty or the logits say nothing.
        """
        logits = np.asarray(logits, np.float64)
        rows, classes = logits.shape
        if not rows:
            return cls(1.0, (0.0,) * classes)
        features = np.stack(_features(logits))
        true = np.eye(classes)[labels]
        weights = np.concatenate([[1.0, 0.0], np.zeros(classes)])
        # L-BFGS-B of scipy.optimize, 35 lines less, finds the same to 1e-8 in twice the time, and
        # whoever uses the Keras parts would need scipy.
        for _ in range(100):
            slope, curvature = _derivatives(weights, features, true)
            # At the end of its range, or where it changes nothing, a scale stays.
            towards = np.clip(weights[:2] - np.sign(slope[:2]), *_RANGES)
            for index in np.flatnonzero(weights[:2] == towards):
                slope[index], curvature[index], curvature[:, index] = 0, 0, 0
                curvature[index, index] = 1
            step = np.linalg.solve(curvature, slope)
            weights = _descend(weights, step, features, true)
            if np.abs(step).max() < 1e-9:
                break
        biases = weights[2:] - weights[2:].mean()
        return cls(float(1 / weights[0]), tuple(float(bias) for bias in biases), float(weights[1]))

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


def _features(logits: Any) -> tuple[Any, Any]:
    """What the two scales multiply, [n, classes] each: the logits, and those times their norm."""
    xp = array_namespace(logits)
    centered = logits - xp.mean(logits, axis=1, keepdims=True)
    norm = xp.sqrt(xp.sum(centered * centered, axis=1, keepdims=True))
    return centered, centered * norm


def _scores(weights: np.ndarray, features: np.ndarray) -> np.ndarray:
    return np.tensordot(weights[:2], features, 1) + weights[2:]


def _loss(weights: np.ndarray, features: np.ndarray, true: np.ndarray) -> float:
    scores = _scores(weights, features)
    top = scores.max(axis=1)
    normalizer = top + np.log(np.exp(scores - top[:, None]).sum(axis=1))
    ridge = _RIDGE / 2 * (weights[2:] ** 2).sum()
    ridge += (weights[1] / _USUAL_STRETCH) ** 2 / (2 * len(true))
    return float((normalizer - (scores * true).sum(axis=1)).mean() + ridge)


def _derivatives(
    weights: np.ndarray, features: np.ndarray, true: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Gradient [2 + classes] and Hessian of the loss."""
    probabilities = softmax(_scores(weights, features))
    rows, classes = true.shape
    error = probabilities - true
    scales = (error * features).sum(axis=(1, 2)) / rows
    slope = np.concatenate([scales, error.mean(axis=0) + _RIDGE * weights[2:]])
    slope[1] += weights[1] / _USUAL_STRETCH**2 / rows
    spread = features - (probabilities * features).sum(axis=2, keepdims=True)
    curvature = np.empty((classes + 2, classes + 2))
    curvature[:2, :2] = np.einsum("nc,inc,jnc->ij", probabilities, spread, spread) / rows
    curvature[:2, 2:] = (probabilities * spread).mean(axis=1)
    curvature[2:, :2] = curvature[:2, 2:].T
    curvature[2:, 2:] = -probabilities.T @ probabilities / rows
    diagonal = np.arange(classes + 2)
    curvature[diagonal, diagonal] += 1e-12
    curvature[1, 1] += 1 / _USUAL_STRETCH**2 / rows
    curvature[diagonal[2:], diagonal[2:]] += probabilities.mean(axis=0) + _RIDGE
    return slope, curvature


def _descend(
    weights: np.ndarray, step: np.ndarray, features: np.ndarray, true: np.ndarray
) -> np.ndarray:
    """The weights after a step, or as much of it as lowers the loss within the ranges."""
    before = _loss(weights, features, true)
    for _ in range(40):
        after = weights - step
        after[:2] = np.clip(after[:2], *_RANGES)
        if _loss(after, features, true) <= before:
            return after
        step = step / 2
    return weights
