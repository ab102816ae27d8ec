"""One row of a file as it was found, before anything is made of it."""

from __future__ import annotations

import difflib
import json
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from ..errors import RunError
from .input_file import InputFile
from .transcoding import is_utf8_codec

MALFORMED = "malformed-row"
UNDECODABLE = "undecodable"
TOO_LONG = "too-long"

# Longer than any review; an unclosed quote, a binary file or a value that is repeated a million
# times must not fill the memory.
LONGEST_LINE = 1 << 24
# Where a row is a sentence of many small parts, each of which takes more memory than its bytes.
LONGEST_SENTENCE = 1 << 20
_SHOWN = 200


class Record(NamedTuple):
    """One row of a file.

    Attributes:
        row: Its number in the file, from 1: as a spreadsheet counts where the first row is a
            header, else the line, or the row where there are no lines.
        values: Column -> text of the cell, "" where it is empty; the whole row as one text
            where it could not be taken apart.
        reason: Why the row cannot be used (a slug such as `malformed-row`), or "".
        detail: The same in words.
    """

    row: int
    values: dict[str, str] | str
    reason: str = ""
    detail: str = ""


def check_columns(file: InputFile, present: Collection[str], columns: Mapping[str, str]) -> None:
    """Makes sure that a file has the columns that the settings name.

    Args:
        file: Named in the message.
        present: Columns of the file, in their order.
        columns: Column -> the setting that names it.

    Raises:
        RunError: Columns are missing (the nearest ones are named) or there twice; all of them are
            told at once.
    """
    problems = []
    by_lower_case = {name.lower(): name for name in present}
    for column, setting in columns.items():
        count = list(present).count(column)
        if count > 1:
            problems.append(
                f"has {count} columns named {column!r} ({setting}); rename all but one."
            )
        elif not count:
            near = difflib.get_close_matches(column.lower(), by_lower_case, 1)
            hint = f"; did you mean {by_lower_case[near[0]]!r}?" if near else "."
            problems.append(f"has no column {column!r}, which {setting} names{hint}")
    if problems:
        told = " It ".join(problems)
        raise RunError(
            f"{file.path}: {told} Its columns: {', '.join(map(repr, present)) or 'none'}"
        )


def only_column(file: InputFile, columns: Mapping[str, str], what: str) -> str:
    """Names the one column of a file of nothing but text.

    Args:
        file: Named in the message.
        columns: Column -> the setting that names it.
        what: The file is read as.

    Returns:
        The name that is asked for, or `text` where it is not one.

    Raises:
        RunError: Another one is asked for.
    """
    (column,) = columns if len(columns) == 1 else ("text",)
    for name, setting in columns.items():
        if name != column:
            raise RunError(
                f"{file.path}: is read as text with {what}, which has no column {name!r} "
                f"({setting}); if it is anything else, set data.format, such as to tsv or conll"
            )
    return column


def too_long(file: InputFile, line: int) -> RunError:
    """The error for a line that no review can explain."""
    return RunError(f"{file.path}: line {line} is longer than {LONGEST_LINE:,} characters")


def utf16(file: InputFile) -> RunError:
    """The error for a file that a spreadsheet has saved as "Unicode", where another is said."""
    return RunError(f"{file.path}: is UTF-16, not {encoding_of(file)}; set data.encoding to utf-16")


def encoding_of(file: InputFile) -> str:
    """What the encoding of a file is called."""
    encoding = file.dialect.encoding
    return "UTF-8" if encoding is None or is_utf8_codec(encoding) else encoding


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


def undecodable(file: InputFile, row: int, text: str) -> Record:
    """The record of a row with bytes that the encoding does not have; in its text they appear as
    `\\xe9`."""
    shown = text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    start = next(i for i, character in enumerate(text) if "\ud800" <= character <= "\udfff")
    byte = ord(text[start]) & 0xFF
    detail = f"byte 0x{byte:02x} after {start} characters: not {encoding_of(file)}"
    return Record(row, shown, UNDECODABLE, detail)


def cell_text(value: Any) -> str:
    """The text of a typed cell: "" for none, JSON for a list, an object or a truth value."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, (bool, list, dict)):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)
