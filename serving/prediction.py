"""What answers for texts, here or behind a server."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import Protocol

from .tasks.predictions import Prediction


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
        size: Texts in a batch.

    Yields:
        Batches in UTF-8, none of them empty.

    Raises:
        TypeError: `texts` is a single text, whose characters would be taken for reviews.
    """
    if isinstance(texts, str):
        raise TypeError("texts is a single str; put it into a list")
    encoded = (text.encode("utf-8", "replace") for text in texts)
    while batch := list(itertools.islice(encoded, size)):
        yield batch
