"""How the rows of a file are written, as far as its format leaves that open."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from .transcoding import is_encoding

TAB = "tab"
POINT, COMMA = ".", ","


def number_pattern(decimal: str) -> str:
    """The regular expression of a number as a spreadsheet shows it.

    Args:
        decimal: What stands before the fraction, `.` or `,`; the other one may stand between
            thousands.
    """
    mark, between = (r"\.", ",") if decimal == POINT else (",", r"\.")
    whole = rf"(?:[0-9]+|[1-9][0-9]{{0,2}}(?:{between}[0-9]{{3}})+)"
    return rf"[-+]?(?:{whole}(?:{mark}[0-9]*)?|{mark}[0-9]+)(?:[eE][-+]?[0-9]+)?"


@dataclasses.dataclass(frozen=True)
class Dialect:
    """What a spreadsheet decides when it exports a table, and a reader has to know.

    None stands for what is not said. Before a file is read, `detection.settle_dialects` fills
    that in where its format has a use for it; what is None even then is as the format has it:
    UTF-8, commas between the fields of a CSV, a decimal point, the first sheet, the first row.

    Attributes:
        encoding: Of the text, by the name of a codec of Python.
        delimiter: The one character between two fields of a row, or `tab`.
        decimal: What stands between a whole number and its fraction, `.` or `,`.
        sheet: Name of the sheet of a workbook.
        header_row: Number of the row that names the columns, from 1; what stands above it is
            no row.

    Example:
        >>> Dialect(delimiter=";", decimal=",").encoding is None
        True
    """

    encoding: str | None = None
    delimiter: str | None = None
    decimal: str | None = None
    sheet: str | None = None
    header_row: int | None = None

    @property
    def separator(self) -> str | None:
        """The delimiter as a character."""
        return "\t" if self.delimiter == TAB else self.delimiter

    def problems(self) -> Iterator[tuple[str, str]]:
        """Yields `(attribute, what is wrong and what would be right)` for every bad value."""
        if self.encoding is not None and not is_encoding(self.encoding):
            yield "encoding", f"is {self.encoding!r}, which Python does not know; try cp1252"
        mark = self.separator
        if mark is not None and (len(mark) != 1 or mark in '"\r\n\0\ufeff'):
            yield "delimiter", f"is {mark!r}; it is one character, such as ;, or {TAB}"
        if self.decimal not in (None, POINT, COMMA):
            yield "decimal", f"is {self.decimal!r}; choose one of . and ,"
        if self.header_row is not None and self.header_row < 1:
            yield "header_row", f"is {self.header_row}; it is a whole number from 1"
