"""What a format of tables is, and which ones are written."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from typing import BinaryIO

from .rows import OutputRow

# Name -> format, in the order in which they were registered and messages name them.
TABLE_FORMATS: dict[str, TableFormat] = {}


def _takes_every_row(number: int, cells: Mapping[str, str]) -> None:
    pass


@dataclasses.dataclass(frozen=True)
class TableFormat:
    """A way to write a table.

    Attributes:
        name: Of the format; with a dot before it, the ending of its files.
        title: What a person calls it.
        write: Writes rows, of which memory holds few, to a stream and returns how many they
            were; a `RunError` says which row cannot be written, and what would do instead.
        check: Gets the number, from 1, and the cells of a row before anything is written, and
            raises the same `RunError`.
        of_classes: Whether nothing but the class of a text can be written.
        seeks: Whether it is written to what can be sought in, which no pipe can.
    """

    name: str
    title: str
    write: Callable[[BinaryIO, Iterable[OutputRow]], int]
    check: Callable[[int, Mapping[str, str]], None] = _takes_every_row
    of_classes: bool = False
    seeks: bool = False


def register_table(format: TableFormat) -> None:
    """Adds a format, for all that write tables in this process.

    Args:
        format: Of a name that no other one has.

    Raises:
        ValueError: Another format has the name.

    Example:
        >>> register_table(TableFormat("csv", "CSV", lambda stream, rows: 0))
        Traceback (most recent call last):
        ValueError: the name 'csv' is taken
    """
    if format.name in TABLE_FORMATS:
        raise ValueError(f"the name {format.name!r} is taken")
    TABLE_FORMATS[format.name] = format
