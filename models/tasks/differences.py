"""How far a difference that was measured on some texts could be chance."""

from __future__ import annotations

import dataclasses
import math

import numpy as np


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
