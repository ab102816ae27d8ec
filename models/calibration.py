"""Probabilities that mean what they say: temperature scaling."""

from __future__ import annotations

import numpy as np

# Beyond these a temperature says that the split is too small to fit one.
COLDEST, HOTTEST = 0.05, 20.0


def softmax(logits: np.ndarray) -> np.ndarray:
    """Probabilities of `logits`, along the last axis, in float64."""
    shifted = logits.astype(np.float64) - logits.max(axis=-1, keepdims=True)
    powers = np.exp(shifted)
    return powers / powers.sum(axis=-1, keepdims=True)


def fit_temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """The temperature T for which softmax(logits / T) has the least log loss.

    The log loss is convex in 1 / T, so the zero of its derivative, the mean of
    E[logit] - logit of the true class, is found by bisection (Guo et al., "On Calibration
    of Modern Neural Networks", ICML 2017, section 4.2).

    Args:
        logits: float [n, classes], of reviews the classifier was not trained on.
        labels: True class indices, int [n].

    Returns:
        A number in [0.05, 20]; 1.0 where the split is empty or says nothing about it.

    Example:
        >>> round(fit_temperature(np.array([[4.0, 0.0]] * 4), np.array([0, 0, 0, 1])), 2)
        3.64
    """
    logits = np.asarray(logits, np.float64)
    if not len(logits) or np.ptp(logits, axis=1).max() == 0:
        return 1.0
    true_logits = logits[np.arange(len(labels)), labels]

    def slope(temperature: float) -> float:
        expected = (softmax(logits / temperature) * logits).sum(axis=1)
        return float((expected - true_logits).mean())

    low, high = np.log(COLDEST), np.log(HOTTEST)
    for _ in range(50):
        middle = (low + high) / 2
        # Colder sharpens, which raises the expected logit above the true one.
        if slope(np.exp(middle)) > 0:
            low = middle
        else:
            high = middle
    return float(np.exp((low + high) / 2))
