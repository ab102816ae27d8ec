"""From how much likelier than an answer there has to be none for none to be given."""

from __future__ import annotations

import numpy as np

# Thresholds that are tried.
_TRIED = 400
# What is expected before any text is seen: the logits are right as they are, and the threshold is
# 0. It weighs as much as so many texts; benchmarks/NOTES.md has how they were chosen.
_USUAL_TEXTS = 30.0


def tune_threshold(doubt: np.ndarray, gains: np.ndarray) -> float:
    """The threshold of the best sum of gains to be expected.

    As the texts at hand are a sample, each stands for others whose doubt is about as great: their
    doubts are spread as a normal distribution of the width that suits an estimate of a density
    (Silverman 1986, equation 3.31). So no single text decides. And a threshold that is far from 0,
    compared with the doubts, takes so much gain as a few dozens of texts have: of so few, nearly
    all that seems to be gained is chance.

    Args:
        doubt: By how much no answer is likelier than the best one, float [texts].
        gains: What giving the best answer gains over giving none, float [texts].

    Returns:
        A finite number, near 0 unless many texts say otherwise.

    Example:
        >>> doubt = np.linspace(-9, 9, 4000)
        >>> tune_threshold(doubt, np.where(doubt < 3, 1, -1)).round()
        3.0
    """
    doubt = doubt.astype(np.float64)
    size = np.sqrt(np.mean(doubt**2)) if len(doubt) else 0.0
    if not size:
        return 0.0
    low, high = np.percentile(doubt, [25, 75])
    width = min(doubt.std(), (high - low) / 1.34) or size
    width *= 0.9 * len(doubt) ** -0.2
    tried = np.linspace(doubt.min() - 3 * width, doubt.max() + 3 * width, _TRIED)
    expected = [
        gains @ _normal((at - doubt) / width) - _USUAL_TEXTS * (at / size) ** 2 / 2 for at in tried
    ]
    return float(tried[int(np.argmax(expected))])


def _normal(values: np.ndarray) -> np.ndarray:
    """Share of a standard normal distribution below each value, to a hundredth."""
    return 1 / (1 + np.exp(-1.702 * np.clip(values, -40, 40)))
