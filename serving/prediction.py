"""What answers for texts, here or behind a server."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

from .tasks.predictions import MOST_CELLS, Prediction


class Predictor(Protocol):
    """A model in this process (`LocalModel`) or behind a server (`Client`)."""

    def predict(self, texts: Iterable[str]) -> list[Prediction]:
        """Returns one prediction for each text, in their order."""

    def stream(self, texts: Iterable[str]) -> Iterator[Prediction]:
        """Yields the same, taking only a few batches of texts at a time."""


def text_batches(texts: Iterable[str], size: int) -> Iterator[list[bytes]]:
    """Cuts texts into batches.

    Args:
        texts: Reviews; half a surrogate pair in one becomes a question mark.
        size: Most texts of a batch; it has fewer where they are so long that their answers could
            be more than `MOST_CELLS`.

    Yields:
        Batches in UTF-8, none of them empty.

    Raises:
        TypeError: `texts` is a single text, whose characters would be taken for reviews.
    """
    if isinstance(texts, str):
        raise TypeError("texts is a single str; put it into a list")
    batch: list[bytes] = []
    longest = 0
    for text in texts:
        encoded = text.encode("utf-8", "replace")
        longest = max(longest, len(encoded))
        if batch and (len(batch) + 1) * longest > MOST_CELLS:
            yield batch
            batch, longest = [], len(encoded)
        batch.append(encoded)
        if len(batch) == size:
            yield batch
            batch, longest = [], 0
    if batch:
        yield batch
