"""From a row to the review that becomes an example, or to the reason why it does not."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from ...files import InputFile, Record
from .cleaning import clean_text
from .columns import text_of
from .labels import ValueMap
from .settings import DataSettings, DerivedColumn

EMPTY_TEXT = "empty-text"

# What a feature of an example may be.
Value = int | float | str | Sequence

# What a slice is called whose column is empty; a metric of "" would be hard to see.
NO_VALUE = "(none)"


class Targets(NamedTuple):
    """What a task makes of a row.

    Attributes:
        features: Name -> number, text, or a list of either, as the example shall have it. It is
            not changed once it is given, so rows of one class may share it.
        kind: Index of what every split must have rows of, such as the class. Rows with one
            text contradict each other if they are of two kinds.
        grade: Index of the part of its kind that the row is of, see `tasks.base.Data.grades`;
            None where kinds have no parts.
        shows: Indices of all kinds that the row counts for, where it may be several or none;
            None where it is `kind` alone.
        apart: What beside the text tells rows apart, such as a question about it: rows are
            equal where both are.
    """

    features: Mapping[str, Value]
    kind: int = 0
    grade: int | None = None
    shows: tuple[int, ...] | None = None
    apart: str = ""


class Review(NamedTuple):
    """A row that can become an example.

    Attributes:
        text: Cleaned text, or the text as given; not empty.
        targets: What the task makes of the row.
        id: Identifier of the row.
        group: What keeps rows together in one split, or "".
        slices: Cleaned value of each slice column, in the order of the settings.
    """

    text: str
    targets: Targets
    id: str
    group: str
    slices: tuple[str, ...]


class Rejection(NamedTuple):
    """A row that cannot.

    Attributes:
        reason: Slug: `empty-text`, one of the task's, such as `no-rating`, or the reader's
            `malformed-row`, `undecodable` or `too-long`; or, of a row that can be read and whose
            text is of several classes, `contradictory` or `tied`.
        detail: The same in words.
    """

    reason: str
    detail: str


class TargetMaker(Protocol):
    """Makes the targets of rows; that of a task, see `tasks.base.Examples`."""

    def make(
        self, values: Mapping[str, str], text: str, decimal: str | None = None
    ) -> Targets | Rejection:
        """Returns the features of a row, or why it has none.

        Args:
            values: Column -> text of the cell, derived columns included.
            text: The text of the row, as its example has it.
            decimal: What stands before the fraction of a number, see `labels.ValueMap.find`.
        """

    def merge(self, targets: Targets, copies: Mapping[int, int]) -> Targets:
        """Returns the features of a text whose rows are of several grades.

        Only asked of a task whose module `data` has `grades`.

        Args:
            targets: Those of the row that stays.
            copies: Grade -> number of rows.
        """


class ReviewMaker:
    """Makes reviews of records as the settings say.

    Args:
        settings: Free of problems.
        targets: Of the task.
        as_given: Leave the text as it is, for the sake of those who count its characters.
    """

    def __init__(self, settings: DataSettings, targets: TargetMaker, as_given: bool = False):
        self._settings = settings
        self._as_given = as_given
        self._derive = ColumnDeriver(settings).derive
        self._targets = targets

    def make(self, file: InputFile, record: Record) -> Review | Rejection:
        """Returns the review that a row holds, or why it holds none.

        Args:
            file: Where the row is from; part of the id where no column gives one.
            record: The row.
        """
        if record.reason or isinstance(record.values, str):
            return Rejection(record.reason, record.detail)
        values = self._derive(record.values, file.dialect.decimal)
        settings = self._settings
        text = text_of(values, settings.text, self._as_given)
        if not text or text.isspace():
            return Rejection(EMPTY_TEXT, f"nothing to read in {', '.join(settings.text)}")
        targets = self._targets.make(values, text, file.dialect.decimal)
        if isinstance(targets, Rejection):
            return targets
        id_text = values.get(settings.id, "").strip() if settings.id else ""
        return Review(
            text,
            targets,
            id_text or f"{file.name}:{record.row}",
            values.get(settings.group, "").strip() if settings.group else "",
            tuple([clean_text(values.get(name, "")) or NO_VALUE for name in settings.slices]),
        )


def shown(text: str) -> str:
    """Quotes a text in the detail of a rejection.

    Args:
        text: Of which the beginning is shown.

    Example:
        >>> shown("rude waiters")
        "'rude waiters'"
    """
    return repr(text if len(text) <= 40 else f"{text[:39]}…")


class ColumnDeriver:
    """Adds the derived columns to the cells of rows.

    Args:
        settings: Free of problems.
    """

    def __init__(self, settings: DataSettings):
        self._derivers = [(name, _Deriver(made)) for name, made in settings.derived.items()]

    def derive(self, values: dict[str, str], decimal: str | None = None) -> dict[str, str]:
        """Returns the cells of a row with those of the derived columns among them.

        Args:
            values: Column -> text of the cell; is not changed.
            decimal: What stands before the fraction of a number, see `labels.ValueMap.find`.
        """
        if not self._derivers:
            return values
        values = dict(values)
        for name, deriver in self._derivers:
            values[name] = deriver.derive(values, decimal)
        return values


class _Deriver:
    """Computes one derived column; "" where nothing matches."""

    def __init__(self, made: DerivedColumn):
        self._column = made.column
        self._search = re.compile(made.pattern).search if made.pattern else None
        self._names = ValueMap(made.values) if made.values else None

    def derive(self, values: dict[str, str], decimal: str | None) -> str:
        value = values.get(self._column, "").strip()
        if self._search:
            match = self._search(value)
            value = (match[1] if match.re.groups else match[0]) or "" if match else ""
        if self._names:
            value = self._names.find(value.strip(), decimal) or ""
        return value
