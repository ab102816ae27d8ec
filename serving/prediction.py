"""What answers for texts, here or behind a server."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

from .tasks.predictions import MOST_CELLS, Inputs, Prediction
from .tasks.text_classification.answers import Prediction as ClassPrediction

# What a model is asked about: a text, or what takes more than one, texts by the names of the inputs
# that they go into.
Row = str | Mapping[str, str]

# What a model says of a row depends on its task. Editors show what a classifier says; what models
# of other tasks say has its type from methods of their own, such as `entities`.
AnyPrediction = ClassPrediction | Any


class Predictor(Protocol):
    """A model in this process (`LocalModel`) or behind a server (`Client`)."""

    def predict(self, texts: Iterable[Row]) -> list[Prediction]:
        """Returns one prediction for each of them, in their order."""

    def stream(self, texts: Iterable[Row]) -> Iterator[Prediction]:
        """Yields the same, taking only a few batches at a time."""


def input_batches(rows: Iterable[Row], size: int) -> Iterator[Inputs]:
    """Cuts rows into batches.

    Args:
        rows: Such as reviews, or as `{"question": …, "context": …}`; half a surrogate pair in a
            text becomes a question mark.
        size: Most rows of a batch; it has fewer where texts are so long that their answers could
            be more than `MOST_CELLS`.

    Yields:
        The texts of a batch by the names of their inputs, in UTF-8; none is empty.

    Raises:
        TypeError: `rows` is a single text, whose characters would be taken for reviews, or a row
            has other inputs than the first.

    Example:
        >>> list(input_batches(["Great!", "Broke."], 32))
        [{'text': [b'Great!', b'Broke.']}]
    """
    if isinstance(rows, str):
        raise TypeError("the texts are a single str; put it into a list")
    names: tuple[str, ...] = ()
    batch: list[tuple[bytes, ...]] = []
    longest = 0
    for row in rows:
        texts = {"text": row} if isinstance(row, str) else row
        names = names or tuple(texts)
        if texts.keys() != set(names):
            raise TypeError(f"a row of {', '.join(texts)} among rows of {', '.join(names)}")
        encoded = tuple(texts[name].encode("utf-8", "replace") for name in names)
        of_row = max(map(len, encoded))
        longest = max(longest, of_row)
        if batch and (len(batch) + 1) * longest > MOST_CELLS:
            yield _columns(names, batch)
            batch, longest = [], of_row
        batch.append(encoded)
        if len(batch) == size:
            yield _columns(names, batch)
            batch, longest = [], 0
    if batch:
        yield _columns(names, batch)


def _columns(names: tuple[str, ...], batch: list[tuple[bytes, ...]]) -> Inputs:
    return {name: list(texts) for name, texts in zip(names, zip(*batch, strict=True), strict=True)}
