"""What stands before the fraction of a number."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import NamedTuple

from ..dialect import COMMA, POINT, number_pattern
from .delimiters import Table

# Delimiters beside which a decimal point has always been taken for one.
_PLAIN = (COMMA, "\t")
_NUMBERS = {mark: re.compile(number_pattern(mark)).fullmatch for mark in (POINT, COMMA)}


class FoundDecimal(NamedTuple):
    """What has been found out.

    Attributes:
        decimal: `.` or `,`; None where no number has a mark.
        doubts: Cells of which each would have another one, with their columns; none where it is
            certain.
    """

    decimal: str | None
    doubts: tuple[tuple[str, str], ...] = ()


def find_decimal(table: Table, columns: Collection[str], delimiter: str) -> FoundDecimal:
    """Finds the mark before fractions.

    Args:
        table: The head of a file.
        columns: Those that are looked at, of which nothing but numbers counts; where none is
            named, all are, and none of them is a matter of doubt.
        delimiter: Between the fields of the file.

    Example:
        >>> table = Table(["stars"], [["4,5"], ["1.234,5"]], 1.0, {1})
        >>> find_decimal(table, ["stars"], ";").decimal
        ','
    """
    certain: dict[str, tuple[str, str]] = {}
    either: tuple[str, str] | None = None
    for column, cell in _numbers(table, columns):
        marks = [mark for mark, is_number in _NUMBERS.items() if is_number(cell)]
        if len(marks) == 1:
            certain.setdefault(marks[0], (column, cell))
        elif not cell.lstrip("+-").isdigit():
            either = either or (column, cell)
    if not columns and len(certain) != 1:
        return FoundDecimal(None)
    if len(certain) > 1:
        return FoundDecimal(None, tuple(certain.values()))
    if certain:
        (decimal,) = certain
        return FoundDecimal(decimal)
    if either and delimiter not in _PLAIN:
        return FoundDecimal(None, (either,))
    return FoundDecimal(None)


def _numbers(table: Table, columns: Collection[str]) -> Iterator[tuple[str, str]]:
    asked = set(columns or table.header)
    for index, column in enumerate(table.header):
        if column in asked:
            cells = [cell for row in table.rows if (cell := row[index].strip())]
            if all(any(is_number(cell) for is_number in _NUMBERS.values()) for cell in cells):
                yield from ((column, cell) for cell in cells)
