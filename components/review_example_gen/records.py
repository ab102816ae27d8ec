"""One row of a file as it was found, before anything is made of it."""

from __future__ import annotations

import difflib
import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

from ...errors import RunError
from .inputs import InputFile

MALFORMED = "malformed-row"
UNDECODABLE = "undecodable"
TOO_LONG = "too-long"

# Longer than any review; an unclosed quote, a binary file or a value that is repeated a million
# times must not fill the memory.
LONGEST_LINE = 1 << 24
_SHOWN = 200


class Record(NamedTuple):
    """One row of a file.

    Attributes:
        row: Its number in the file. Of CSV and TSV the header is row 1, as a spreadsheet
            counts; of JSON Lines it is the line; of Parquet it counts from 1.
        values: Column -> text of the cell, "" where it is empty; the whole row as one text
            where it could not be taken apart.
        reason: Why the row cannot be used (a slug such as `malformed-row`), or "".
        detail: The same in words.
    """

    row: int
    values: dict[str, str] | str
    reason: str = ""
    detail: str = ""


def read_records(
    file: InputFile, columns: Mapping[str, str], *, others: bool = True
) -> Iterator[Record]:
    """Streams the rows of a file in their order.

    Args:
        file: Of any format and compression that `inputs.list_files` tells.
        columns: Columns that must be there -> the setting that names them.
        others: Whether rows carry all other columns, too, but for those of
            `columns_left_out`. Where False, rows of Parquet, which has its columns apart,
            carry none of them.

    Yields:
        Each row that is not blank, also those that cannot be used.

    Raises:
        RunError: A column is missing or there twice, a quote is never closed, a line is
            longer than 16 MiB, a row than 32 MiB, a column takes too much memory, the text is
            UTF-16, or the file cannot be read.
    """
    if file.format == "jsonl":
        from .json_lines import read_json_lines as read
    elif file.format == "parquet":
        from .parquet import read_parquet

        return read_parquet(file, columns, others)
    else:
        from .delimited import read_delimited as read
    return read(file, columns)


def columns_left_out(file: InputFile, columns: Mapping[str, str]) -> list[str]:
    """Names the columns that rows of a file do not carry, as a row of them could take too much.

    Args:
        file: As for `read_records`.
        columns: Columns that must be there -> the setting that names them.

    Returns:
        Columns of a Parquet file, in their order; none of any other.

    Raises:
        RunError: See `read_records`.
    """
    if file.format != "parquet":
        return []
    from . import parquet

    return parquet.columns_left_out(file, columns)


def check_columns(file: InputFile, present: Collection[str], columns: Mapping[str, str]) -> None:
    """Makes sure that a file has the columns that the settings name.

    Args:
        file: Named in the message.
        present: Columns of the file, in their order.
        columns: Column -> the setting that names it.

    Raises:
        RunError: A column is missing (the nearest one is named) or there twice.
    """
    for column, setting in columns.items():
        count = list(present).count(column)
        if count == 1:
            continue
        if count:
            raise RunError(
                f"{file.path}: has {count} columns named {column!r} ({setting}); rename all but one"
            )
        by_lower_case = {name.lower(): name for name in present}
        near = difflib.get_close_matches(column.lower(), by_lower_case, 1)
        hint = f"; did you mean {by_lower_case[near[0]]!r}?" if near else "."
        raise RunError(
            f"{file.path}: has no column {column!r}, which {setting} names{hint} "
            f"Its columns: {', '.join(map(repr, present)) or 'none'}"
        )


def too_long(file: InputFile, line: int) -> RunError:
    """The error for a line that no review can explain."""
    return RunError(f"{file.path}: line {line} is longer than {LONGEST_LINE:,} characters")


def start_of(text: str) -> str:
    """What is shown of text that is too long to be kept; bytes that are no UTF-8 as `\\xe9`."""
    start = text[:_SHOWN].encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return f"{start}…" if len(text) > _SHOWN else start


def is_utf8(text: str) -> bool:
    """Whether text that was decoded with `surrogateescape` was UTF-8 throughout."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def undecodable(row: int, text: str) -> Record:
    """The record of a row whose bytes are no UTF-8; in its text they appear as `\\xe9`."""
    shown = text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    start = next(i for i, character in enumerate(text) if "\ud800" <= character <= "\udfff")
    byte = ord(text[start]) & 0xFF
    return Record(row, shown, UNDECODABLE, f"byte 0x{byte:02x} after {start} characters: not UTF-8")


def cell_text(value: Any) -> str:
    """The text of a typed cell: "" for none, JSON for a list, an object or a truth value."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, (bool, list, dict)):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)
