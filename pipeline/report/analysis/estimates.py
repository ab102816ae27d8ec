"""Figures with the intervals that hold the true ones in 95 of 100 cases.

A share has Wilson's interval ("Probable Inference, the Law of Succession, and Statistical
Inference", Journal of the American Statistical Association 22, 1927), which is honest for few
texts and for shares near 0 and 1, too. Everything else has the percentile interval of the
bootstrap: of a classifier the cells of its confusion matrix are drawn anew, which is the same as
drawing its texts anew and takes as long for a million of them as for a hundred.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ....models.tasks.differences import portions

# Two standard deviations of the normal distribution, rather exactly.
_Z = 1.959964
SAMPLES = 1000
# More texts than this are drawn in as many groups of equal size, which costs the interval nothing.
_GROUPS = 1000


@dataclasses.dataclass(frozen=True)
class Estimate:
    """A figure and how far it may be off.

    Attributes:
        value: What was measured.
        low: Lower end of the interval.
        high: Its upper end.

    Example:
        >>> f"{Estimate(0.5, 0.4, 0.61)}"
        '0.500 (0.400 to 0.610)'
    """

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        """The figure with its interval, three digits each."""
        return f"{self.value:.3f} ({self.low:.3f} to {self.high:.3f})"


def share(hits: float, of: float) -> Estimate | None:
    """A share with Wilson's interval; None of nothing.

    Args:
        hits: How many of them.
        of: How many there are.

    Example:
        >>> str(share(9, 10)), share(0, 0)
        ('0.900 (0.596 to 0.982)', None)
    """
    if not of:
        return None
    value = hits / of
    middle = (value + _Z**2 / (2 * of)) / (1 + _Z**2 / of)
    reach = _Z / (1 + _Z**2 / of) * math.sqrt(value * (1 - value) / of + _Z**2 / (4 * of**2))
    return Estimate(value, max(0.0, middle - reach), min(1.0, middle + reach))


def of_counts(
    counts: np.ndarray,
    figure: Callable[[np.ndarray], np.ndarray],
    *,
    centred: bool = False,
    seed: int = 0,
) -> list[Estimate]:
    """Figures of counts of texts in cells, such as those of a confusion matrix.

    Args:
        counts: How many texts are in each cell, int [cells], at least one text.
        figure: From counts [samples, cells] to figures [samples, figures].
        centred: Whether what is drawn is moved so that its mean is what was measured. A figure
            that cannot be below 0, such as a mean distance, is greater in what is drawn.
        seed: Of the draws.

    Returns:
        One for each figure.

    Example:
        >>> (found,) = of_counts(np.array([90, 10]), lambda of: of[:, :1] / of.sum(1)[:, None])
        >>> found.value, 0.82 < found.low < 0.85
        (0.9, True)
    """
    counts = np.asarray(counts)
    random = np.random.default_rng(seed)
    drawn = [
        figure(random.multinomial(counts.sum(), counts / counts.sum(), some))
        for some in portions(SAMPLES, len(counts))
    ]
    measured, resampled = figure(counts[None])[0], np.concatenate(drawn)
    if centred:
        resampled = np.maximum(resampled + measured - resampled.mean(axis=0), 0)
    return _estimates(measured, resampled)


def of_sums(
    values: np.ndarray, figure: Callable[[np.ndarray], np.ndarray], *, seed: int = 0
) -> list[Estimate]:
    """Figures of sums over texts, such as of the entities that were found and are right.

    Args:
        values: What each text adds to each sum, [n, sums], at least one text.
        figure: From sums [samples, sums] to figures [samples, figures].
        seed: Of the draws.

    Returns:
        One for each figure.
    """
    values = np.asarray(values, np.float64)
    random = np.random.default_rng(seed)
    groups = min(len(values), _GROUPS)
    # No text is drawn apart from its group, so the groups are of texts from everywhere.
    of_group = random.permutation(len(values)) % groups
    sums = np.stack([np.bincount(of_group, weights=column) for column in values.T], axis=1)
    drawn = [
        figure(random.multinomial(groups, np.full(groups, 1 / groups), some) @ sums)
        for some in portions(SAMPLES, groups)
    ]
    return _estimates(figure(values.sum(axis=0)[None])[0], np.concatenate(drawn))


def rounded(estimate: Estimate | None) -> dict[str, Any] | None:
    """An estimate as plain data, six digits of each number; None of None.

    Args:
        estimate: What was measured.
    """
    if estimate is None:
        return None
    return {name: round(value, 6) for name, value in dataclasses.asdict(estimate).items()}


def _estimates(values: Sequence[float], drawn: np.ndarray) -> list[Estimate]:
    low, high = np.percentile(drawn, [2.5, 97.5], axis=0)
    return [
        Estimate(float(value), float(one), float(other))
        for value, one, other in zip(values, low, high, strict=True)
    ]
