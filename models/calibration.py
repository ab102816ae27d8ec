"""Probabilities that mean what they say: temperature scaling with a bias per class."""

from __future__ import annotations

import dataclasses

import numpy as np

# Beyond these a temperature says that the split is too small to fit one.
COLDEST, HOTTEST = 0.05, 20.0
# Keeps the biases of classes finite that a small split does not have, at no cost elsewhere.
_RIDGE = 1e-3


def softmax(logits: np.ndarray) -> np.ndarray:
    """Probabilities of `logits`, along the last axis, in float64."""
    shifted = logits.astype(np.float64) - logits.max(axis=-1, keepdims=True)
    powers = np.exp(shifted)
    return powers / powers.sum(axis=-1, keepdims=True)


@dataclasses.dataclass(frozen=True)
class Calibration:
    """What makes probabilities of logits.

    Attributes:
        temperature: The logits are divided by it.
        biases: Added after that, one per class; their sum is zero.

    Example:
        >>> logits = np.array([[4.0, 0.0]] * 4)
        >>> Calibration.fit(logits, np.array([0, 0, 0, 1])).probabilities(logits)[0].round(2)
        array([0.75, 0.25])
    """

    temperature: float
    biases: tuple[float, ...]

    @classmethod
    def fit(cls, logits: np.ndarray, labels: np.ndarray) -> Calibration:
        """The temperature T and biases b for which softmax(logits / T + b) has least log loss.

        A temperature alone cannot mend a class that is too likely throughout, as a rare one
        is after fine-tuning; with a bias for each class it is "bias-corrected temperature
        scaling" (Alexandari et al., "Maximum Likelihood with Bias-Corrected Calibration is
        Hard-To-Beat at Label Shift Adaptation", ICML 2020). The log loss is convex in 1 / T
        and b, so Newton's method finds its minimum.

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
        features = logits - logits.mean(axis=1, keepdims=True)
        true = np.eye(classes)[labels]
        weights = np.concatenate([[1.0], np.zeros(classes)])
        for _ in range(100):
            slope, curvature = _derivatives(weights, features, true)
            # At the end of its range, or where it changes nothing, the scale stays.
            if weights[0] == np.clip(weights[0] - np.sign(slope[0]), 1 / HOTTEST, 1 / COLDEST):
                slope[0], curvature[0, 1:], curvature[1:, 0] = 0, 0, 0
            step = np.linalg.solve(curvature, slope)
            weights = _descend(weights, step, features, true)
            if np.abs(step).max() < 1e-9:
                break
        biases = weights[1:] - weights[1:].mean()
        return cls(float(1 / weights[0]), tuple(float(bias) for bias in biases))

    def probabilities(self, logits: np.ndarray) -> np.ndarray:
        """Calibrated probabilities, float64 [n, classes], of logits [n, classes]."""
        return softmax(logits / self.temperature + np.asarray(self.biases))


def _loss(weights: np.ndarray, features: np.ndarray, true: np.ndarray) -> float:
    scores = weights[0] * features + weights[1:]
    top = scores.max(axis=1)
    normalizer = top + np.log(np.exp(scores - top[:, None]).sum(axis=1))
    ridge = _RIDGE / 2 * (weights[1:] ** 2).sum()
    return float((normalizer - (scores * true).sum(axis=1)).mean() + ridge)


def _derivatives(
    weights: np.ndarray, features: np.ndarray, true: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Gradient [1 + classes] and Hessian of the loss."""
    probabilities = softmax(weights[0] * features + weights[1:])
    rows, classes = features.shape
    error = probabilities - true
    slope = np.concatenate([[(error * features).sum() / rows], error.mean(axis=0)])
    slope[1:] += _RIDGE * weights[1:]
    expected = (probabilities * features).sum(axis=1, keepdims=True)
    curvature = np.empty((classes + 1, classes + 1))
    curvature[0, 0] = (probabilities * (features - expected) ** 2).sum() / rows + 1e-12
    curvature[0, 1:] = curvature[1:, 0] = (probabilities * (features - expected)).mean(axis=0)
    curvature[1:, 1:] = -probabilities.T @ probabilities / rows
    diagonal = np.arange(1, classes + 1)
    curvature[diagonal, diagonal] += probabilities.mean(axis=0) + _RIDGE
    return slope, curvature


def _descend(
    weights: np.ndarray, step: np.ndarray, features: np.ndarray, true: np.ndarray
) -> np.ndarray:
    """The weights after a step, or as much of it as lowers the loss within the bounds."""
    before = _loss(weights, features, true)
    for _ in range(40):
        after = weights - step
        after[0] = np.clip(after[0], 1 / HOTTEST, 1 / COLDEST)
        if _loss(after, features, true) <= before:
            return after
        step = step / 2
    return weights
