"""How a vocabulary is learnt, as the configuration names it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from ...models.encoders.vocabularies import LEAST_SIZE

# As many as the largest published vocabularies have, four times over.
_MOST = 1_000_000


@dataclasses.dataclass(frozen=True)
class VocabularySettings:
    """The vocabulary of an encoder that starts with random weights.

    Attributes:
        size: Pieces, special tokens included; that many come out exactly.
        lower_case: Whether word pieces are of lower-cased text without accents. Byte pairs are
            always of text as it is.
    """

    size: int = 16_000
    lower_case: bool = True

    def problems(self) -> Iterator[tuple[str, str]]:
        """Yields `(key, what is wrong and what would be right)` for every bad value."""
        if not LEAST_SIZE <= self.size <= _MOST:
            yield "size", f"is {self.size}; it is a whole number from {LEAST_SIZE} to {_MOST:,}"
