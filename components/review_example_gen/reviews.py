"""From a row to the review that becomes an example, or to the reason why it does not."""

from __future__ import annotations

import re
from typing import NamedTuple

from ...files import InputFile, Record
from .cleaning import clean_text
from .labels import ValueMap
from .settings import DataSettings, DerivedColumn

EMPTY_TEXT = "empty-text"

# What a slice is called whose column is empty; a metric of "" would be hard to see.
NO_VALUE = "(none)"


class Review(NamedTuple):
    """A row that can become an example.

    Attributes:
        text: Cleaned text, not empty.
        label: Index of the class, in the order of the settings.
        grade: Index of the grade, in the same order.
        id: Identifier of the row.
        group: What keeps rows together in one split, or "".
        slices: Cleaned value of each slice column, in the order of the settings.
    """

    text: str
    label: int
    grade: int
    id: str
    group: str
    slices: tuple[str, ...]


class Rejection(NamedTuple):
    """A row that cannot.

    Attributes:
        reason: Slug: `empty-text`, `no-rating`, `unknown-rating` (or `-label`), or the
            reader's `malformed-row`, `undecodable` or `too-long`.
        detail: The same in words.
    """

    reason: str
    detail: str


class ReviewMaker:
    """Makes reviews of records as the settings say.

    Args:
        settings: Free of problems.
    """

    def __init__(self, settings: DataSettings):
        self._settings = settings
        self._derived = [(name, _Deriver(made)) for name, made in settings.derived.items()]
        grades = settings.grades
        self._grades = ValueMap({grade: made.values for grade, made in enumerate(grades)})
        self._classes = [made.label for made in grades]
        self._kind = "rating" if settings.rating else "label"
        self._label_column = settings.label_column

    def make(self, file: InputFile, record: Record) -> Review | Rejection:
        """Returns the review that a row holds, or why it holds none.

        Args:
            file: Where the row is from; part of the id where no column gives one.
            record: The row.
        """
        if record.reason or isinstance(record.values, str):
            return Rejection(record.reason, record.detail)
        values = record.values
        if self._derived:
            values = dict(values)
            for name, deriver in self._derived:
                values[name] = deriver.derive(values)
        settings = self._settings
        text = clean_text(" ".join([values.get(column, "") for column in settings.text]))
        if not text:
            return Rejection(EMPTY_TEXT, f"nothing to read in {', '.join(settings.text)}")
        rating = values.get(self._label_column, "").strip()
        if not rating:
            return Rejection(f"no-{self._kind}", f"{self._label_column} is empty")
        grade = self._grades.find(rating)
        if grade is None:
            detail = f"{self._label_column} {rating[:40]!r} belongs to no class"
            return Rejection(f"unknown-{self._kind}", detail)
        id_text = values.get(settings.id, "").strip() if settings.id else ""
        return Review(
            text,
            self._classes[grade],
            grade,
            id_text or f"{file.name}:{record.row}",
            values.get(settings.group, "").strip() if settings.group else "",
            tuple([clean_text(values.get(name, "")) or NO_VALUE for name in settings.slices]),
        )


class _Deriver:
    """Computes one derived column; "" where nothing matches."""

    def __init__(self, made: DerivedColumn):
        self._column = made.column
        self._search = re.compile(made.pattern).search if made.pattern else None
        self._names = ValueMap(made.values) if made.values else None

    def derive(self, values: dict[str, str]) -> str:
        value = values.get(self._column, "").strip()
        if self._search:
            match = self._search(value)
            value = (match[1] if match.re.groups else match[0]) or "" if match else ""
        if self._names:
            value = self._names.find(value.strip()) or ""
        return value
