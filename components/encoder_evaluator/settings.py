"""When a pre-trained encoder is good enough to be pushed, as the configuration names it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator


@dataclasses.dataclass(frozen=True)
class EncoderEvaluationSettings:
    """How a pre-trained encoder is judged beside the one that it started from.

    Attributes:
        max_regression: How much higher than that of the encoder that it started from its
            perplexity on the test split may be, as a share of that: 0 for not at all, 0.02 for 2 %;
            and how much lower the accuracy with which it tells pairs. It is refused only where it
            is surely worse, by more than chance.
        head_steps: Steps, of 32 segments each, in which a head is fitted to the encoder that it
            started from, where that has none of its own, while the encoder stays as it is; fewer
            where the pre-training has read less. 0 for none, and then there is nothing to compare
            with.
    """

    max_regression: float = 0.0
    head_steps: int = 200

    def problems(self) -> Iterator[tuple[str, str]]:
        """Yields `(key, what is wrong and what would be right)` for every bad value."""
        if not 0 <= self.max_regression <= 1:
            yield "max_regression", f"is {self.max_regression}; it is a number from 0 to 1"
        if self.head_steps < 0:
            yield "head_steps", f"is {self.head_steps}; it is a whole number from 0"
