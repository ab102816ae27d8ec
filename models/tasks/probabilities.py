"""What probabilities are worth, given what was true."""

from __future__ import annotations

import numpy as np


def log_losses(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """What each text costs: minus the logarithm of the probability of its class.

    Args:
        probabilities: float [n, classes].
        labels: True class indices, int [n].

    Returns:
        float64 [n]. A probability below 1e-7, Keras' epsilon, counts as that: float32 has
        hardly smaller ones beside 1.

    Example:
        >>> log_losses(np.array([[0.5, 0.5], [0.9, 0.1]]), np.array([1, 0])).round(3)
        array([0.693, 0.105])
    """
    likely = np.asarray(probabilities, np.float64)[np.arange(len(labels)), labels]
    return -np.log(np.maximum(likely, 1e-7))


def calibration_error(confidence: np.ndarray, correct: np.ndarray, bins: int = 15) -> float:
    """How far what was believed is from how often it was right.

    The confidences are cut into bins of equal width; the error is the mean distance between
    confidence and accuracy over the bins, weighted by their sizes (Guo et al., "On Calibration
    of Modern Neural Networks", ICML 2017, equation 3).

    Args:
        confidence: Probability of what was decided, float [n].
        correct: Whether it was right, bool [n].
        bins: Number of bins over (0, 1].

    Returns:
        A number in [0, 1]; 0 for no rows.

    Example:
        >>> calibration_error(np.array([0.8, 0.8]), np.array([False, True]))
        0.3
    """
    bin_of_row = np.clip(np.ceil(confidence * bins).astype(np.int64) - 1, 0, bins - 1)
    gaps = np.bincount(bin_of_row, weights=confidence - correct, minlength=bins)
    return round(float(np.abs(gaps).sum() / max(len(correct), 1)), 12)
