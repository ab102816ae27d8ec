"""From how much likelier than an answer there has to be none for none to be given."""

from __future__ import annotations

import numpy as np

# Thresholds that are tried.
_TRIED = 400
# What is expected before any text is seen: the logits are right as they are. It weighs as much as
# so many texts; benchmarks/NOTES.md has how they were chosen.
_USUAL_TEXTS = 30.0
# Least F1 of answers that is reckoned with.
_LEAST_F1 = 1e-3


def tune_threshold(doubt: np.ndarray, gains: np.ndarray) -> float:
    """The threshold of the best sum of gains to be expected.

    As the texts at hand are a sample, each stands for others whose doubt is about as great: their
    doubts are spread as a normal distribution of the width that suits an estimate of a density
    (Silverman 1986, equation 3.31). So no single text decides. And as nearly all that a few dozens
    of texts seem to gain by a threshold is chance, one is expected beforehand: if answers gain a
    share of what they could, and none were as likely as its logit says, one should be given where
    none is less than that share as likely.

    Args:
        doubt: By how much no answer is likelier than the best one, float [texts].
        gains: What giving the best answer gains over giving none, float [texts]: its F1, or -1 of
            a text that has no answer.

    Returns:
        A finite number, 0 for no texts.

    Example:
        >>> doubt = np.linspace(-9, 9, 4000)
        >>> round(tune_threshold(doubt, np.where(doubt < 3, 1, -1)))
        3
    """
    if not len(doubt):
        return 0.0
    doubt = doubt.astype(np.float64)
    share = np.mean(gains[gains >= 0]) if (gains >= 0).any() else 0.0
    usual = np.log(max(share, _LEAST_F1))
    size = np.sqrt(np.mean((doubt - usual) ** 2)) or 1.0
    low, high = np.percentile(doubt, [25, 75])
    width = min(doubt.std(), (high - low) / 1.34) or size
    width *= 0.9 * len(doubt) ** -0.2
    tried = np.linspace(doubt.min() - 3 * width, doubt.max() + 3 * width, _TRIED)
    unusual = _USUAL_TEXTS / 2 * ((tried - usual) / size) ** 2
    expected = [gains @ _normal((at - doubt) / width) for at in tried] - unusual
    return float(tried[int(np.argmax(expected))])


def _normal(values: np.ndarray) -> np.ndarray:
    """Share of a standard normal distribution below each value, to a hundredth."""
    return 1 / (1 + np.exp(-1.702 * np.clip(values, -40, 40)))
