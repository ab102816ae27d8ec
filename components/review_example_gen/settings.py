"""What a file of reviews looks like and how its rows become examples."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ...choices import choice, choice_problems
from ...files import FORMATS, Dialect
from .labels import ValueMap, overlaps

TRAIN = "train"
SPLITS = (TRAIN, "eval", "test")
# What becomes of equal texts of several classes.
CONTRADICTORY = SOFT, MAJORITY, REJECT = ("soft", "majority", "reject")
# What places in a text are counted in.
OFFSETS = CHARACTERS, UTF16 = ("characters", "utf16")
# Keys that not every task has, see `tasks.base.Data.SETTINGS`.
OF_TASKS = (
    *("classes", "rating", "label", "contradictory"),
    *("entities", "offsets", "question", "answer", "answer_start"),
)
# Features of every example; a task adds its own.
FEATURES = ("text", "id")

_COLUMNS = (
    *("text", "rating", "label", "entities", "question", "answer", "answer_start"),
    *("id", "group", "slices"),
)

# Where the rows come from is an input of its own; the other two concern later nodes only.
_NOT_OF_THE_INGEST = ("input", "allow_anomalies", "schema")


@dataclasses.dataclass(frozen=True)
class DerivedColumn:
    r"""A column made from another one, before anything else looks at the row.

    Attributes:
        column: The column it is made from; may itself be a derived one that stands before it.
        pattern: Regular expression whose first group (or whole match) becomes the value.
        values: Maps the value to a name: name -> the values, ranges (`1 .. 98`) and comparisons
            (`< 3`) that get it.
    """

    column: str
    pattern: str | None = None
    values: Mapping[str, tuple[str | int | float, ...]] | None = None


class Grade(NamedTuple):
    """What the model learns to tell apart: a class, or a part of one.

    Attributes:
        label: Index of the class.
        values: What a cell of this grade says, as in `DataSettings.classes`.
    """

    label: int
    values: tuple[str | int | float, ...]


@dataclasses.dataclass(frozen=True)
class DataSettings:
    """Where the reviews are and which columns mean what.

    Attributes:
        input: File, folder or glob; `package:NAME/PATH` names a file inside an installed package.
        text: Columns joined in this order with a space, empty ones skipped; one column where its
            characters are counted, such as the context of questions.
        classes: Class name -> the ratings that belong to it: values (`5`), ranges
            (`-0.5 .. 0.5`, ends included) or comparisons (`< -0.5`). With `label`, the values
            of that column; left out, each class is its own name, and names alone may be a list.
            The order is the label index. Ratings that are listed one by one are learnt one by
            one, see `grades`. With `label` the whole may be left out: then the classes are what
            the files have in that column, see `label_classes.classes_of_labels`.
        rating: Column of the rating; give this or `label`.
        label: Column of ready-made class names; give this or `rating`.
        entities: Column of the entities in the text, as JSON; `classes` are their types.
        question: Column of a question that the text answers, or does not.
        answer: Column of the answer, a part of the text; empty where the text has none. Or JSON
            of several, see `tasks.question_answering.answers`.
        answer_start: Column of the place where the answer begins; may be left out where its
            words say it.
        offsets: What places in the text are counted in: `characters`, as Python does, or
            `utf16`, the units of JavaScript, of which an emoji has two.
        id: Column of an identifier of the row; by default file name and row number.
        group: Column whose equal values stay together in one split.
        slices: Columns by whose values the evaluation is broken down.
        derived: New column -> what it is made from.
        format: `auto` reads the file's ending; or the name of one of `files.FORMATS`.
        delimiter: The character between two fields of a row, such as `;`, or `tab`; like the four
            that follow it is found out where it is not said.
        encoding: Of the text, such as `cp1252`.
        decimal: What stands between a whole number and its fraction, `.` or `,`.
        sheet: Name of the sheet of a workbook.
        header_row: Number of the row that names the columns, from 1.
        splits: Relative sizes of the splits train, eval and test.
        contradictory: What becomes of equal texts that are of several classes. `soft`: one example
            of the most frequent class, which is learnt as the distribution of the grades that
            its copies have; `majority`: one that is learnt as the most frequent grade alone;
            `reject`: none. Where classes tie, no text is judged by: with `soft` it is learnt from
            in the split train, otherwise its rows are rejected.
        max_reject_fraction: Share of unreadable rows above which the run fails, from 0 to 1:
            those rejected for anything but that equal texts are of several classes.
        allow_anomalies: Go on although the example validation found anomalies.
        schema: Path of a schema (text proto) that the data must follow; by default it is inferred.
    """

    input: str
    text: tuple[str, ...]
    classes: Mapping[str, tuple[str | int | float, ...] | None] = dataclasses.field(
        default_factory=dict
    )
    rating: str | None = None
    label: str | None = None
    entities: str | None = None
    question: str | None = None
    answer: str | None = None
    answer_start: str | None = None
    offsets: str = choice(CHARACTERS, OFFSETS)
    id: str | None = None
    group: str | None = None
    slices: tuple[str, ...] = ()
    derived: Mapping[str, DerivedColumn] = dataclasses.field(default_factory=dict)
    format: str = "auto"
    delimiter: str | None = None
    encoding: str | None = None
    decimal: str | None = None
    sheet: str | None = None
    header_row: int | None = None
    splits: Mapping[str, int] = dataclasses.field(
        default_factory=lambda: {"train": 8, "eval": 1, "test": 1}
    )
    contradictory: str = choice(SOFT, CONTRADICTORY)
    max_reject_fraction: float = 0.05
    allow_anomalies: bool = False
    schema: str | None = None

    @property
    def dialect(self) -> Dialect:
        """What is said of how the rows of the files are written."""
        return Dialect(self.encoding, self.delimiter, self.decimal, self.sheet, self.header_row)

    @property
    def label_column(self) -> str:
        """The column that decides the class: `rating` or `label`."""
        return self.rating or self.label or ""

    @property
    def class_values(self) -> dict[str, tuple[str | int | float, ...]]:
        """Class name -> the values that belong to it, the name itself where none are given."""
        return {
            name: (name,) if values is None else tuple(values)
            for name, values in self.classes.items()
        }

    @property
    def grades(self) -> list[Grade]:
        """All grades, in the order of their index.

        Each value, range or comparison of a rating is a grade of its own: four stars and five
        may be one class, but differ in what people write. Ready-made labels have no grades
        within a class; several values of one are spellings of it.
        """
        grades = []
        for label, values in enumerate(self.class_values.values()):
            parts = [(value,) for value in values] if self.rating else [values]
            grades += [Grade(label, part) for part in parts]
        return grades

    def source_columns(self) -> dict[str, str]:
        """Returns the columns that the files must have -> the setting that asks for them."""
        asked: dict[str, str] = {}
        for key in _COLUMNS:
            value = getattr(self, key)
            for column in (value,) if isinstance(value, str) else value or ():
                if column not in self.derived:
                    asked.setdefault(column, f"data.{key}")
        earlier: set[str] = set()
        for name, made in self.derived.items():
            if made.column not in earlier:
                asked.setdefault(made.column, f"data.derived.{name}.column")
            earlier.add(name)
        return asked

    def problems(self) -> Iterator[tuple[str, str]]:
        """Yields `(key, what is wrong and what would be right)` for every bad value."""
        if not self.input:
            yield "input", "is empty; name a file, a folder or a glob"
        yield from self._column_problems()
        yield from self._class_problems()
        yield from self._derived_problems()
        if self.format not in ("auto", *FORMATS):
            yield "format", f"is {self.format!r}; choose one of auto, {', '.join(FORMATS)}"
        yield from self.dialect.problems()
        yield from choice_problems(self)
        if sorted(self.splits) != sorted(SPLITS):
            names = ", ".join(self.splits) or "none"
            yield "splits", f"names {names}; it names {', '.join(SPLITS)}"
        for name, size in self.splits.items():
            if size < 1:
                yield f"splits.{name}", f"is {size}; it is a whole number from 1"
        if not 0 <= self.max_reject_fraction <= 1:
            yield "max_reject_fraction", f"is {self.max_reject_fraction}; it is from 0 to 1"

    def slice_problems(self, features: Sequence[str]) -> Iterator[tuple[str, str]]:
        """Yields `(key, problem)` for every slice that would be a second feature of its name."""
        for column in self.slices:
            if column in features:
                known = f"names {column!r}, a feature that every example has already"
                yield "slices", f"{known}; derive a column of another name from it"

    def counted_problems(self, what: str) -> Iterator[tuple[str, str]]:
        """Yields `(key, problem)` where the text is none in which characters can be counted.

        Args:
            what: Such as `entities`, what has a place in the text.
        """
        if len(self.text) > 1:
            names = f"names {len(self.text)} columns"
            yield "text", f"{names}; name the one in whose characters {what} are counted"
        for column in self.text:
            if column in self.derived:
                yield "text", f"{column!r} is derived; {what} are counted in a text of the file"

    def _column_problems(self) -> Iterator[tuple[str, str]]:
        if not self.text or not all(self.text):
            yield "text", "is empty; name the columns whose text is classified"
        for key in ("text", "slices"):
            columns = getattr(self, key)
            for column in sorted({column for column in columns if columns.count(column) > 1}):
                yield key, f"names {column!r} twice"
        yield from self.slice_problems(FEATURES)

    def _class_problems(self) -> Iterator[tuple[str, str]]:
        for name, values in self.classes.items():
            if not name or name != " ".join(name.split()):
                yield "classes", f"{name!r} is no class name; write one line without outer spaces"
            if values is not None and not values:
                yield f"classes.{name}", "has no values; list those that belong to it"
        yield from _value_problems("classes", self.class_values)

    def _derived_problems(self) -> Iterator[tuple[str, str]]:
        names = list(self.derived)
        for position, (name, made) in enumerate(self.derived.items()):
            key = f"derived.{name}"
            if not made.column:
                yield f"{key}.column", "is empty; name the column that it is made from"
            if made.column in names[position + 1 :]:
                yield f"{key}.column", f"{made.column!r} is derived only after it; move it up"
            if made.pattern is None and made.values is None:
                yield key, "gives neither `pattern` nor `values`; it would be a mere copy"
            try:
                re.compile(made.pattern or "")
            except re.error as error:
                yield f"{key}.pattern", f"is no regular expression: {error}"
            yield from _value_problems(f"{key}.values", made.values or {})


def _value_problems(
    key: str, values: Mapping[str, tuple[str | int | float, ...]]
) -> Iterator[tuple[str, str]]:
    """Yields what cannot be read, or else what overlaps."""
    readable = True
    for name, entries in values.items():
        for truth in [entry for entry in entries if isinstance(entry, bool)]:
            readable = False
            yield f"{key}.{name}", f"{truth} is a truth value; write the cell's text in quotes"
        try:
            ValueMap({name: entries})
        except ValueError as error:
            readable = False
            yield f"{key}.{name}", str(error)
    if readable:
        for name, overlap in overlaps(values):
            yield f"{key}.{name}", overlap


def to_json(settings: DataSettings) -> str:
    """Writes the settings that the ingest depends on, in their order, as one line of JSON.

    Args:
        settings: Of the data. `input`, `allow_anomalies` and `schema` are left out: they
            change nothing about how a row is read.

    Returns:
        Text for `from_json`; equal settings give equal text.
    """
    fields = dataclasses.asdict(settings)
    return json.dumps({key: fields[key] for key in fields if key not in _NOT_OF_THE_INGEST})


def from_json(text: str, *, input: str) -> DataSettings:
    """Reads what `to_json` wrote.

    Args:
        text: JSON of the settings.
        input: File, folder or glob of the reviews.

    Returns:
        The settings, with the later nodes' fields at their defaults.
    """
    fields = json.loads(text)
    for key in ("text", "slices"):
        fields[key] = tuple(fields[key])
    fields["classes"] = _with_tuples(fields["classes"])
    fields["derived"] = {
        name: DerivedColumn(
            made["column"],
            made["pattern"],
            None if made["values"] is None else _with_tuples(made["values"]),
        )
        for name, made in fields["derived"].items()
    }
    return DataSettings(input=input, **fields)


def _with_tuples(values: Mapping[str, list | None]) -> dict[str, Any]:
    return {name: None if entries is None else tuple(entries) for name, entries in values.items()}
