"""From how much likelier than an answer there has to be none for none to be given."""

from __future__ import annotations

import numpy as np

# Thresholds that are tried.
_TRIED = 400


def tune_threshold(doubt: np.ndarray, gains: np.ndarray) -> float:
    """The threshold of the best sum of gains to be expected.

    As the texts at hand are a sample, each stands for others whose doubt is about as great: their
    doubts are spread as a normal distribution of the width that suits an estimate of a density
    (Silverman 1986, equation 3.31). So no single text decides.

    Args:
        doubt: By how much no answer is likelier than the best one, float [texts].
        gains: What giving the best answer gains over giving none, float [texts].

    Returns:
        A finite number; where the gains say nothing, 0.

    Example:
        >>> tune_threshold(np.array([-4.0, -3, 3, 4]), np.array([1, 1, -1, -1])).round()
        0.0
    """
    if not len(doubt):
        return 0.0
    doubt = doubt.astype(np.float64)
    low, high = np.percentile(doubt, [25, 75])
    width = min(doubt.std(), (high - low) / 1.34) or doubt.std()
    width = 0.9 * width * len(doubt) ** -0.2 or 1.0
    tried = np.linspace(doubt.min() - 3 * width, doubt.max() + 3 * width, _TRIED)
    expected = [float(gains @ _normal((at - doubt) / width)) for at in tried]
    return float(tried[int(np.argmax(expected))])


def _normal(values: np.ndarray) -> np.ndarray:
    """Share of a standard normal distribution below each value, to a hundredth."""
    return 1 / (1 + np.exp(-1.702 * np.clip(values, -40, 40)))
