"""What a format of rows is, and which ones there are."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from typing import Protocol

from ..input_file import InputFile
from ..records import Record

# Name -> format, in the order in which they were registered and messages name them.
FORMATS: dict[str, Format] = {}


class Reader(Protocol):
    """Streams the rows of a file; memory holds one of them, whatever the file claims."""

    def __call__(
        self, file: InputFile, columns: Mapping[str, str], others: bool
    ) -> Iterator[Record]:
        """Reads a file; see `reading.read_records` for what is asked of it.

        Args:
            file: Of this format, packed or not: `compression.open_file` opens it.
            columns: Columns that must be there -> the setting that names them.
            others: Whether the other columns are wanted, too; a format that cannot skip any
                may give them all the same.

        Yields:
            Each row that is not blank, with its reason where it cannot be used.
        """


def _none_left_out(file: InputFile, columns: Mapping[str, str]) -> list[str]:
    return []


@dataclasses.dataclass(frozen=True)
class Format:
    """A way to write rows to a file.

    Attributes:
        name: What `data.format` calls it.
        title: What a person calls it.
        endings: Of its files, in lower case.
        read: Streams the rows of a file.
        columns_left_out: Names the columns that `read` leaves out, see
            `reading.columns_left_out`.
        has_header: Whether the first row names the columns.
        is_text: Whether it is text of which nothing in the file says in what encoding it is; False
            of binary files, and of XML.
        delimiters: Characters of which one stands between two fields; none where that is fixed.
        in_folders: Whether such files are taken from a folder that is named as a whole; False
            for an ending that lies beside data more often than it is data.
        begins: What no file of another format begins with, by which one without an ending is
            known.
        holds: What its rows have where that is no class of a whole text: `entities` or `answers`.
        has_sheets: Whether a file has several tables, and rows above them.
    """

    name: str
    title: str
    endings: tuple[str, ...]
    read: Reader
    columns_left_out: Callable[[InputFile, Mapping[str, str]], list[str]] = _none_left_out
    has_header: bool = False
    is_text: bool = True
    delimiters: str = ""
    in_folders: bool = True
    begins: tuple[bytes, ...] = ()
    holds: str = ""
    has_sheets: bool = False

    @property
    def open_to_say(self) -> frozenset[str]:
        """What of `Dialect` can be said of such files, by the names of its attributes."""
        uses = {
            "encoding": self.is_text,
            "delimiter": bool(self.delimiters),
            "sheet": self.has_sheets,
            "header_row": self.has_header or self.has_sheets,
            # A number may stand in text wherever text may.
            "decimal": True,
        }
        return frozenset(name for name, is_used in uses.items() if is_used)


def register(format: Format) -> None:
    """Adds a format, for all that read rows in this process.

    Args:
        format: Of a name and of endings that no other format has.

    Raises:
        ValueError: Another format has the name or one of the endings.

    Example:
        >>> register(Format("notes", "notes", (".notes", ".csv"), lambda *_: iter(())))
        Traceback (most recent call last):
        ValueError: the ending .csv is taken by csv
    """
    if format.name in FORMATS or format.name == "auto":
        raise ValueError(f"the name {format.name!r} is taken")
    for ending in format.endings:
        if other := format_by_ending(ending):
            raise ValueError(f"the ending {ending} is taken by {other.name}")
    FORMATS[format.name] = format


def format_by_ending(ending: str) -> Format | None:
    """Finds the format of an ending.

    Args:
        ending: With its dot, in lower case.

    Returns:
        The format, or None where no format has it.

    Example:
        >>> format_by_ending(".tab").name
        'tsv'
    """
    return next((format for format in FORMATS.values() if ending in format.endings), None)
