"""From a row to where the sentences of its text end."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

from ...review_example_gen.cleaning import clean_text
from ...review_example_gen.reviews import Targets
from ...review_example_gen.settings import DataSettings
from .sentences import sentence_ends


def make_maker(settings: DataSettings) -> SentenceMaker:
    """What finds the sentences of rows; see `SentenceMaker`."""
    return SentenceMaker(settings)


class SentenceMaker:
    """Finds the sentences of the text of a row.

    Args:
        settings: Free of problems.

    Example:
        >>> maker = SentenceMaker(DataSettings("-", ("title", "text")))
        >>> row = {"title": "So pretty", "text": "I love it. It fits."}
        >>> maker.make(row, "So pretty I love it. It fits.").features
        {'sentences': [9, 20, 29]}
    """

    def __init__(self, settings: DataSettings):
        self._columns = settings.text

    def make(self, values: Mapping[str, str], text: str, decimal: str | None = None) -> Targets:
        """Returns `sentences`: where each one ends, in bytes of the text.

        A sentence also ends where its column does, such as a title.

        Args:
            values: Column -> text of the cell.
            text: The cleaned text of the row.
            decimal: Makes no difference.
        """
        cells = [text]
        if len(self._columns) > 1:
            cleaned = [clean_text(values.get(column, "")) for column in self._columns]
            joined = [cell for cell in cleaned if cell]
            # Markup that spans cells is no longer seen in each of them.
            cells = joined if " ".join(joined) == text else cells
        found: list[int] = []
        start = 0
        for cell in cells:
            ends = sentence_ends(cell)
            if not cell.isascii():
                ends = _in_bytes(cell, ends)
            found += [start + end for end in ends] if start else ends
            # Behind the space between two cells.
            start = found[-1] + 1
        return Targets({"sentences": found})


def _in_bytes(text: str, ends: list[int]) -> list[int]:
    sizes = [len(text[start:end].encode()) for start, end in itertools.pairwise([0, *ends])]
    return list(itertools.accumulate(sizes))
