"""The one look into the files of an input, before any of their rows is read."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

from ...errors import RunError
from ..dialect import COMMA, Dialect
from ..formats import FORMATS
from ..input_file import InputFile
from ..records import check_columns
from ..transcoding import is_utf8_codec
from .decimals import FoundDecimal, find_decimal
from .delimiters import FoundDelimiter, find_delimiter, read_table
from .encodings import FoundEncoding, find_encoding, where_different
from .heads import read_head

_NAMES = {"\t": "tab"}
# Files of a server are waited for, not worked for.
_AT_ONCE = 8
_MOST_TOLD = 5
_COLUMNS = 6
# What Excel writes and reads above the header.
_SEPARATOR_LINE = re.compile(r"sep=(.)\r?\n").match


class Settled(NamedTuple):
    """What has been found out of some files.

    Attributes:
        files: The same files in their order, with nothing left open that their formats need.
        lines: What a person should know of it, a line each, such as
            `reviews.csv: ; between fields, cp1252, decimal comma`.
    """

    files: list[InputFile]
    lines: list[str]


class _Settled(NamedTuple):
    """What has been found out of one file, in words, and what is in the way."""

    file: InputFile
    found: tuple[str, ...] = ()
    obstacles: tuple[str, ...] = ()


def settle_dialects(
    files: Sequence[InputFile], columns: Mapping[str, str] | None = None, key: str = "data.{}"
) -> Settled:
    """Finds out how the rows of files are written.

    Args:
        files: As `inputs.list_files` finds them; what their dialects say is not asked again.
        columns: Columns that must be there -> the setting that names them.
        key: What the setting of an attribute of a dialect is called, with {} for its name.

    Returns:
        The files, which are of UTF-8 with commas between fields where nothing is told of them.

    Raises:
        RunError: It is not certain of a file, or columns are missing; all that is in the way of
            each file is told at once, with the settings that would say it.

    Example:
        >>> from reviewlens.files import list_files
        >>> with open("reviews.csv", "w", encoding="cp1252") as written:
        ...     print("text;stars\\nDas Kleid ist schön, die Größe passt nicht.;4", file=written)
        >>> settled = settle_dialects(list_files("reviews.csv"))
        >>> settled.lines
        ['reviews.csv: ; between fields, cp1252']
    """
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        settled = list(pool.map(lambda file: _settle(file, columns or {}, key), files))
    told = [obstacle for one in settled for obstacle in one.obstacles]
    if told:
        more = sum(bool(one.obstacles) for one in settled)
        raise RunError("\n".join(told[:_MOST_TOLD]) + _more(len(told), more))
    return Settled([one.file for one in settled], [*_lines(settled), *_useless(files, key)])


def _more(count: int, files: int) -> str:
    return f"\nand {count - _MOST_TOLD} more, in {files} files in all" if count > _MOST_TOLD else ""


def _useless(files: Sequence[InputFile], key: str) -> Iterator[str]:
    """What has been said, but cannot be said of any of the files."""
    for name in [field.name for field in dataclasses.fields(Dialect)]:
        told = [file for file in files if getattr(file.dialect, name) is not None]
        if told and not any(name in FORMATS[file.format].open_to_say for file in told):
            formats = sorted({FORMATS[file.format].title for file in told})
            where = " and ".join(formats)
            yield f"{key.format(name)} has no use: there is no such thing in {where}"


def _lines(settled: Sequence[_Settled]) -> list[str]:
    names: dict[tuple[str, ...], list[str]] = {}
    for one in settled:
        if one.found:
            names.setdefault(one.found, []).append(one.file.name)
    return [
        f"{first}{f' and {len(others)} more' if others else ''}: {', '.join(found)}"
        for found, (first, *others) in names.items()
    ]


def _settle(file: InputFile, columns: Mapping[str, str], key: str) -> _Settled:
    format = FORMATS[file.format]
    if not format.is_text:
        return _Settled(file)
    found: list[str] = []
    obstacles: list[str] = []
    try:
        head = read_head(file)
    except RunError as error:
        return _Settled(file, obstacles=(str(error),))
    if file.dialect.encoding is None:
        encoding = find_encoding(head.start, head.sample)
        file = _with(file, encoding=encoding.encoding)
        if not is_utf8_codec(encoding.encoding):
            found.append(encoding.encoding)
        obstacles += _about_encoding(file, encoding, key.format("encoding"))
    text = head.text(file.dialect.encoding)
    if format.delimiters and file.dialect.delimiter is None:
        if said := _SEPARATOR_LINE(text):
            file = _with(file, delimiter=said[1], header_row=file.dialect.header_row or 2)
        else:
            delimiter = find_delimiter(file, text, columns)
            file = _with(file, delimiter=delimiter.delimiter)
            obstacles += _about_delimiter(file, delimiter, key.format("delimiter"))
        if file.dialect.delimiter != COMMA:
            found.insert(0, f"{_name(file.dialect.delimiter)} between fields")
    if format.has_header:
        table = read_table(file, text)
        try:
            if table.header:
                check_columns(file, table.header, columns)
        except RunError as error:
            read_with = f" (read with {', '.join(found)})" if found else ""
            obstacles.append(f"{error}{read_with}")
        if file.dialect.decimal is None:
            decimal = find_decimal(table, columns, file.dialect.separator or "\t")
            file = _with(file, decimal=decimal.decimal)
            if decimal.decimal == COMMA:
                found.append("decimal comma")
            obstacles += _about_decimal(file, decimal, key.format("decimal"))
    return _Settled(file, tuple(found), tuple(obstacles))


def _with(file: InputFile, **known: Any) -> InputFile:
    return dataclasses.replace(file, dialect=dataclasses.replace(file.dialect, **known))


def _name(delimiter: str | None) -> str:
    return _NAMES.get(delimiter or "", delimiter or "")


def _about_decimal(file: InputFile, found: FoundDecimal, key: str) -> Iterator[str]:
    if found.doubts:
        cells = " and ".join(f"{cell!r} in column {column!r}" for column, cell in found.doubts)
        yield (
            f"{file.path}: what stands before fractions is not certain ({cells}); "
            f"set {key} to . or ,"
        )


def _about_encoding(file: InputFile, found: FoundEncoding, key: str) -> Iterator[str]:
    if found.rivals:
        read = zip(found.rivals, where_different(found.rivals), strict=True)
        yield "\n".join(
            [
                f"{file.path}: its encoding is not certain; set {key} to the one that reads right:",
                *(f"    {reading.encoding:12} {shown!r}" for reading, shown in read),
            ]
        )


def _about_delimiter(file: InputFile, found: FoundDelimiter, key: str) -> Iterator[str]:
    if found.rivals:
        yield "\n".join(
            [
                f"{file.path}: what stands between its fields is not certain; set {key} to one of:",
                *(
                    f"    {_name(mark):4} {len(table.header)} columns, "
                    f"{', '.join(map(repr, table.header[:_COLUMNS]))}"
                    for mark, table in found.rivals
                ),
            ]
        )
