"""The first rows of files of which nothing is known, and what is in their columns."""

from __future__ import annotations

import collections
import dataclasses

from ...components.input_files import list_files
from ...components.review_example_gen.labels import as_number
from ...errors import RunError
from ...files import Dialect, InputFile, read_records, settle_dialects
from ..config.yaml_source import shortened
from .checking import MOST_ROWS

# What is kept of a file of long texts, in characters.
_MOST_CHARACTERS = 40_000_000
# Of a column that has more values, these are not counted one by one.
_MOST_VALUES = 5_000


@dataclasses.dataclass
class Column:
    """What the first rows have in a column.

    Attributes:
        name: Of the column.
        filled: Rows that have something in it.
        values: Value -> rows, of the first 5,000 different values.
        numbers: Rows that have a number in it.
        words: Words in all of it.
    """

    name: str
    filled: int = 0
    values: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)
    numbers: int = 0
    words: int = 0

    def add(self, cell: str, number: float | None) -> None:
        """Counts what a row has in this column.

        Args:
            cell: Without white space around it, not empty.
            number: What it is, if it is one.
        """
        self.filled += 1
        self.numbers += number is not None
        self.words += len(cell.split())
        if cell in self.values or len(self.values) < _MOST_VALUES:
            self.values[cell] += 1

    @property
    def distinct(self) -> int:
        """Different values, 5,000 at most."""
        return len(self.values)

    @property
    def words_each(self) -> float:
        """Words of a filled cell, on average."""
        return self.words / max(self.filled, 1)

    @property
    def is_numeric(self) -> bool:
        """Whether nearly all that is in it are numbers."""
        return self.filled > 0 and self.numbers >= 0.95 * self.filled

    @property
    def is_full(self) -> bool:
        """Whether the values repeat too little to be counted: names, texts, times."""
        return self.distinct > 0.5 * self.filled or self.distinct >= _MOST_VALUES


@dataclasses.dataclass(frozen=True)
class Sample:
    """The first rows of an input.

    Attributes:
        files: All files, with how they are written.
        lines: What has been found out of that.
        columns: Those that have a name and something in them, in the order of the file.
        rows: Column -> text of the cell, of each row that can be read.
        whole: Whether that are all rows.
    """

    files: list[InputFile]
    lines: list[str]
    columns: list[Column]
    rows: list[dict[str, str]]
    whole: bool

    def number_of(self, cell: str) -> float | None:
        """Reads a cell as a number, as the files write them.

        Args:
            cell: Without white space around it.
        """
        return as_number(cell, self.files[0].dialect.decimal)


def take_sample(source: str, format: str, dialect: Dialect) -> Sample:
    """Reads the first rows of files, 20,000 at most, and counts what is in their columns.

    Args:
        source: See `components.input_files.list_files`.
        format: See there.
        dialect: See there; what is said of how the rows are written.

    Raises:
        RunError: There are no files, or no rows that can be read in them.
    """
    files, lines = settle_dialects(list_files(source, format, dialect))
    rows: list[dict[str, str]] = []
    columns: dict[str, Column] = {}
    characters, whole = 0, True
    for file in files:
        for record in read_records(file, {}):
            if len(rows) == MOST_ROWS or characters > _MOST_CHARACTERS:
                whole = False
                break
            if record.reason or isinstance(record.values, str):
                continue
            rows.append(record.values)
            for name, cell in record.values.items():
                characters += len(cell)
                cell = cell.strip()
                if name and cell:
                    number = as_number(cell, file.dialect.decimal)
                    columns.setdefault(name, Column(name)).add(cell, number)
    if not rows or not columns:
        raise RunError(f"{shortened(source)}: has no rows that can be read")
    order = {name: place for place, name in enumerate(rows[0])}
    found = sorted(columns.values(), key=lambda column: order.get(column.name, len(order)))
    return Sample(files, lines, found, rows, whole)
