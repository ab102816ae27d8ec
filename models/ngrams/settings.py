"""The settings of the n-gram classifier, as the configuration names them."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator

# Ids are kept as int32 in memory.
MOST_BUCKETS = 2**31 - 1


@dataclasses.dataclass(frozen=True)
class NgramSettings:
    """The n-gram classifier: what it counts in a review and how that is learnt.

    Attributes:
        words: Longest run of neighbouring words that counts as a feature of its own; 2 for
            words and pairs.
        prefix: So many first characters of a word are a feature of their own, or None for none.
        characters: Lengths of the shortest and the longest run of characters within a word that
            count, or None for none.
        buckets: Rows of weights, which the features share by a hash.
        epochs: Passes over the training split, at most.
        patience: Passes without a lower eval loss after which training stops.
        penalty: Of the squares of the weights, beside the sum of the losses.
        dropout: Share of the features that training is to do without, in [0, 1); it is not
            drawn, but the penalty that comes of it.
    """

    words: int = 2
    prefix: int | None = 5
    characters: tuple[int, int] | None = None
    buckets: int = 2**20
    epochs: int = 10
    patience: int = 2
    penalty: float = 0.25
    dropout: float = 0.6

    def __post_init__(self):
        # The configuration has a list.
        if self.characters is not None:
            object.__setattr__(self, "characters", tuple(self.characters))

    def problems(self) -> Iterator[tuple[str, str]]:
        """Yields `(key, what is wrong and what would be right)` for every bad value."""
        for key in ("words", "epochs", "patience"):
            if getattr(self, key) < 1:
                yield key, f"is {getattr(self, key)}; it is a whole number from 1"
        if self.prefix is not None and self.prefix < 1:
            yield "prefix", f"is {self.prefix}; it is a whole number from 1, or null"
        if self.characters is not None:
            lengths = self.characters
            if len(lengths) != 2 or not 1 <= lengths[0] <= lengths[1]:
                yield (
                    "characters",
                    f"is {list(lengths)}; it is the shortest and the longest length, such as "
                    "[3, 5], or null",
                )
        if not 1 <= self.buckets <= MOST_BUCKETS:
            yield "buckets", f"is {self.buckets}; it is a whole number from 1, below 2^31"
        if not 0 < self.penalty < math.inf:
            yield "penalty", f"is {self.penalty}; it is a number above 0"
        if not 0 <= self.dropout < 1:
            yield "dropout", f"is {self.dropout}; it is a share from 0 up to, not including, 1"
