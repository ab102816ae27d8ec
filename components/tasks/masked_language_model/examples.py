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

    def make(self, values: Mapping[str, str], text: str) -> Targets:
        """Returns `sentences`: where each one ends, in bytes of the text.

        A sentence also ends where its column does, such as a title.

        Args:
            values: Column -> text of the cell.
            text: The cleaned text of the row.
        """
        cells = [text]
        if len(self._columns) > 1:
            cleaned = [clean_text(values.get(column, "")) for column in self._columns]
            joined = [cell for cell in cleaned if cell]
            # Markup that spans cells is no longer seen in each of them.
            cells = joined if " ".join(joined) == text else cells
        lengths: list[int] = []
        for number, cell in enumerate(cells):
            ends = sentence_ends(cell)
            starts = [0, *ends[:-1]]
            sizes = [len(cell[start:end].encode()) for start, end in zip(starts, ends, strict=True)]
            # The space between two cells.
            sizes[0] += number > 0
            lengths += sizes
        return Targets({"sentences": list(itertools.accumulate(lengths))})
