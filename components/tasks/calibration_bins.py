"""The expected calibration error from sums that Beam can merge.

The same figure as `models.expected_calibration_error` (Guo et al., ICML 2017, equation 3).
"""

from __future__ import annotations

import numpy as np

_BINS = 15


def no_sums() -> np.ndarray:
    """The sums of nothing, float [2, bins]; those of parts are added."""
    return np.zeros((2, _BINS))


def sums_of(confidence: np.ndarray, right: np.ndarray) -> np.ndarray:
    """The sums of some answers: for each bin how many, and confidence minus correctness.

    Args:
        confidence: Probability of each answer that it is right, float [n].
        right: Whether it is, bool [n].
    """
    bins = np.clip(np.ceil(confidence * _BINS).astype(int) - 1, 0, _BINS - 1)
    weights = (None, confidence - right)
    return np.stack([np.bincount(bins, weights=each, minlength=_BINS) for each in weights])


def error_of(sums: np.ndarray) -> float:
    """The expected calibration error; NaN of nothing.

    Args:
        sums: Added up, float [2, bins].

    Example:
        >>> error_of(sums_of(np.array([0.8, 0.8]), np.array([True, False])))
        0.3...
    """
    answers, gaps = sums
    return float(np.abs(gaps).sum() / answers.sum()) if answers.sum() else float("nan")
