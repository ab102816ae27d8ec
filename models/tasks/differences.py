"""How far a difference that was measured on some texts could be chance."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator

import numpy as np

# The ends of an interval of 95 % are off by a twentieth of its width, then.
SAMPLES = 2000
# More values than this are resampled in as many groups, which costs the interval nothing.
_GROUPS = 10_000
# Draws that are in memory at once.
_DRAWS = 2_000_000


@dataclasses.dataclass(frozen=True)
class Difference:
    """A figure of one model minus that of another on the same texts.

    Attributes:
        value: What was measured.
        low: Lower end of the interval that holds the true difference in 95 of 100 cases.
        high: Its upper end.
        standard_error: How far the value would typically be off.

    Example:
        >>> Difference(-0.02, low=-0.05, high=0.01, standard_error=0.015).is_certain
        False
    """

    value: float
    low: float
    high: float
    standard_error: float

    @property
    def is_certain(self) -> bool:
        """Whether zero is outside of the interval."""
        return self.low > 0 or self.high < 0

    @classmethod
    def of_resamples(cls, value: float, resamples: np.ndarray) -> Difference:
        """The difference with its percentile interval.

        Args:
            value: What was measured.
            resamples: The same of texts drawn from those with replacement, float [samples].
        """
        low, high = np.percentile(resamples, [2.5, 97.5])
        return cls(float(value), float(low), float(high), float(resamples.std()))

    @classmethod
    def of_mean(
        cls, values: np.ndarray, *, samples: int = SAMPLES, random: np.random.Generator
    ) -> Difference:
        """The difference where each text contributes one by itself.

        Args:
            values: The difference of each text, float [n], at least one.
            samples: How often the texts are drawn.
            random: What draws.

        Example:
            >>> Difference.of_mean(np.ones(9), random=np.random.default_rng(0))
            Difference(value=1.0, low=1.0, high=1.0, standard_error=0.0)
        """
        return cls.of_ratio(values, np.ones(len(values)), samples=samples, random=random)

    @classmethod
    def of_ratio(
        cls,
        values: np.ndarray,
        sizes: np.ndarray,
        *,
        samples: int = SAMPLES,
        random: np.random.Generator,
    ) -> Difference:
        """The difference of a mean over what texts consist of, such as words.

        Args:
            values: What each text contributes to the sum, float [n], at least one.
            sizes: Of how many, float [n]; not all are 0.
            samples: How often the texts are drawn.
            random: What draws.
        """
        groups = min(len(values), _GROUPS)
        group_of_value = random.permutation(len(values)) % groups
        counts = np.bincount(group_of_value, weights=sizes)
        sums = np.bincount(group_of_value, weights=values)
        means = []
        for some in portions(samples, groups):
            drawn = random.integers(groups, size=(some, groups))
            means.append(sums[drawn].sum(axis=1) / np.maximum(counts[drawn].sum(axis=1), 1))
        return cls.of_resamples(values.sum() / sizes.sum(), np.concatenate(means))


def portions(samples: int, width: int) -> Iterator[int]:
    """How many samples to draw at once, so that they fit the memory.

    Args:
        samples: How many there shall be.
        width: How many numbers make one.

    Yields:
        Counts whose sum is `samples`.
    """
    at_once = max(1, _DRAWS // width)
    for start in range(0, samples, at_once):
        yield min(at_once, samples - start)


def binomial_tail(count: int, trials: int, probability: float) -> float:
    """How likely it is that an event happens so often, or more often.

    Args:
        count: How often it happened.
        trials: How often it could have.
        probability: Of the event in each trial, between 0 and 1.

    Returns:
        A number in [0, 1], computed without approximation.

    Example:
        >>> round(binomial_tail(9, 10, 0.5), 5)
        0.01074
    """
    if count <= 0:
        return 1.0
    times = np.arange(trials + 1)
    # The logarithms of the factorials of 0 to `trials`.
    factorials = np.concatenate([[0.0], np.cumsum(np.log(times[1:]))])
    ways = factorials[-1] - factorials - factorials[::-1]
    chances = ways + times * math.log(probability) + times[::-1] * math.log1p(-probability)
    return min(1.0, float(np.exp(chances[count:]).sum()))
