"""What a model is asked about a row, made as the texts were that it has learnt from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..components.review_example_gen.columns import settings_of_columns, text_of
from ..components.review_example_gen.reviews import ColumnDeriver

if TYPE_CHECKING:
    from ..serving.prediction import Row


class Asking:
    """Makes of the cells of a row what a model is asked.

    Args:
        columns: Those that the model is asked with, see `review_example_gen.columns`.
        as_given: Leave texts as they are, and do not clean them as those were that a model has
            learnt from.
        question: What each row is asked, where the model answers questions; None where the
            columns have one or it does not.

    Attributes:
        columns: Those that a row must have.

    Example:
        >>> Asking({"text": ["title", "body"]}).of({"title": "Fits", "body": "<p>well.</p>"})
        ('Fits well.', 'Fits well.')
    """

    def __init__(
        self, columns: Mapping[str, Any], as_given: bool = False, question: str | None = None
    ):
        if question is not None:
            columns = {**columns, "question": None}
        self._settings = settings_of_columns(columns, "-")
        self._derive = ColumnDeriver(self._settings).derive
        self._as_given = as_given
        self._question = question
        self.columns: Sequence[str] = tuple(self._settings.source_columns())

    def of(self, cells: dict[str, str], decimal: str | None = None) -> tuple[str, Row]:
        """Returns the text of a row, and what the model is asked.

        Args:
            cells: Column -> text of the cell.
            decimal: What stands before fractions in them, see `labels.ValueMap.find`.
        """
        found = self._derive(cells, decimal)
        text = text_of(found, self._settings.text, self._as_given)
        question = self._question
        if self._settings.question:
            question = found.get(self._settings.question, "")
        return text, with_question(text, question)


def with_question(text: str, question: str | None) -> Row:
    """What a model takes of a text.

    Args:
        text: That it is asked about.
        question: What it is asked; None where it answers none.
    """
    return text if question is None else {"question": question, "context": text}
