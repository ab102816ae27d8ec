"""What stands between two fields of a row."""

from __future__ import annotations

import dataclasses
import io
import itertools
from collections.abc import Collection, Sequence
from typing import NamedTuple

from ...errors import RunError
from ..formats import FORMATS
from ..formats.delimited import split_rows
from ..input_file import InputFile

_ROWS = 500
# Share of rows with as many fields as the header from which on it is a table.
_TABLE = 0.9
# Of fewer rows it cannot be seen whether commas in a text come at random.
_FEW = 10


class Table(NamedTuple):
    """The head of a file, taken apart.

    Attributes:
        header: Names of the columns; none where there is nothing.
        rows: Cells of the rows that have as many as the header.
        fit: Share of these rows.
        widths: Numbers of fields that rows have.
    """

    header: list[str]
    rows: list[list[str]]
    fit: float
    widths: set[int]


class FoundDelimiter(NamedTuple):
    """What has been found out.

    Attributes:
        delimiter: The likeliest.
        table: The head, taken apart by it.
        rivals: Delimiters between which it is not certain, with what they make of the head; none
            where it is.
    """

    delimiter: str
    table: Table
    rivals: Sequence[tuple[str, Table]] = ()


def read_table(file: InputFile, text: str) -> Table:
    """Takes the head of a file apart.

    Args:
        file: CSV or TSV, of the dialect by which it is done.
        text: Its head; the last row may be cut.
    """
    header: list[str] = []
    rows: list[list[str]] = []
    widths: list[int] = []
    found = split_rows(file, io.StringIO(text, newline=""))
    try:
        for row in itertools.islice(found, (file.dialect.header_row or 1) - 1, _ROWS):
            if not header:
                header = [name.strip() for name in row.fields]
            elif row.fields or row.problem:
                widths.append(len(row.fields))
                if len(row.fields) == len(header):
                    rows.append(row.fields)
    except RunError:
        # A quote that is closed behind the end of the head, if it is.
        pass
    return Table(header, rows, len(rows) / len(widths) if widths else 1, set(widths))


def find_delimiter(file: InputFile, text: str, columns: Collection[str]) -> FoundDelimiter:
    """Finds the delimiter of a file.

    Args:
        file: Of a format that has one.
        text: Its head.
        columns: Those that it is asked for.

    Returns:
        The one by which the header has most of the columns; among several, or where it has none
        of them, the one by which the head is a table. It is certain where there is but one, or
        all make the same of the head.
    """
    tables = {}
    for mark in FORMATS[file.format].delimiters:
        dialect = dataclasses.replace(file.dialect, delimiter=mark)
        tables[mark] = read_table(dataclasses.replace(file, dialect=dialect), text)
    has = {mark: len(set(columns) & set(table.header)) for mark, table in tables.items()}
    likely = [mark for mark in tables if has[mark] == max(has.values())]
    several = [mark for mark in likely if len(tables[mark].header) > 1]
    if several:
        fitting = [mark for mark in several if tables[mark].fit >= _TABLE] or several
        best = max(fitting, key=lambda mark: tables[mark].fit)
        rivals = [(mark, tables[mark]) for mark in fitting]
        return FoundDelimiter(best, tables[best], rivals if len(rivals) > 1 else ())
    return _of_one_column({mark: tables[mark] for mark in likely})


def _of_one_column(tables: dict[str, Table]) -> FoundDelimiter:
    """A table of one column is of commas, unless these come in its cells without quotes."""
    usual = next(iter(tables))
    table = tables[usual]
    if table.fit < 1 and len(table.widths) > 2:
        for mark, other in tables.items():
            if other.fit == 1 and len(other.rows) >= _FEW:
                return FoundDelimiter(mark, other)
    return FoundDelimiter(usual, table)
