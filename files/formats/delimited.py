"""Reading CSV (RFC 4180), with whatever stands between the fields, and TSV."""

from __future__ import annotations

import csv
import functools
import io
import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple, TextIO

from ...errors import RunError
from ..compression import open_file
from ..input_file import InputFile
from ..records import (
    LONGEST_LINE,
    MALFORMED,
    TOO_LONG,
    Record,
    check_columns,
    is_utf8,
    start_of,
    too_long,
    undecodable,
    utf16,
)
from .registry import Format, register

_UTF16_MARKS = ("\udcff\udcfe", "\udcfe\udcff")
_WHOLE_FIELD = r'(?:"[^"]*(?:""[^"]*)*"|[^{0}"\r\n][^{0}\r\n]*|)(?:{0}|\r\n|\r|\n)'
_LINE_END = re.compile(r"\r\n|\r|\n")
_QUOTED_FIELD = re.compile(r'"((?:[^"]|"")*)"').fullmatch


class Row(NamedTuple):
    """A row's text as it stands in the file, and what it was taken apart to."""

    raw: str
    fields: list[str]
    problem: str = ""


def read_delimited(file: InputFile, columns: Mapping[str, str], others: bool) -> Iterator[Record]:
    """Streams the rows of a CSV or TSV file; the first one, or that which its dialect says, names
    the columns.

    CSV is read as RFC 4180 has it, whatever stands between two fields: quoted ones may hold
    that, too, doubled quotes and line ends, lines may end in LF, CR LF or CR, and text behind a
    closing quote makes a row malformed, or, where the quote was opened in an earlier line, shows
    that one is not closed. TSV has no quoting, except that a field that a spreadsheet quoted
    because of the quotes in it is unquoted.

    Args:
        file: With or without a byte order mark.
        columns: Columns that must be there -> the setting that names them.
        others: Makes no difference.

    Yields:
        Each row that is not blank.

    Raises:
        RunError: See `reading.read_records`.
    """
    with open_file(file) as stream:
        text = io.TextIOWrapper(stream, "utf-8-sig", "surrogateescape", newline="")
        header: list[str] | None = None
        for number, (raw, fields, problem) in enumerate(split_rows(file, text), 1):
            if number < (file.dialect.header_row or 1):
                continue
            if header is None:
                header = _header(file, raw, fields, problem, columns)
            elif len(raw) > LONGEST_LINE:
                detail = f"{len(raw):,} characters, more than {LONGEST_LINE:,}"
                yield Record(number, start_of(raw), TOO_LONG, detail)
            elif not raw.isascii() and not is_utf8(raw):
                yield undecodable(file, number, raw)
            elif problem:
                yield Record(number, raw, MALFORMED, problem)
            elif len(fields) == len(header):
                yield Record(number, dict(zip(header, fields, strict=True)))
            elif fields:
                detail = f"{len(fields)} fields where the header has {len(header)}"
                yield Record(number, raw, MALFORMED, detail)


def _header(
    file: InputFile, raw: str, fields: list[str], problem: str, columns: Mapping[str, str]
) -> list[str] | None:
    """Names the columns; None for a blank line before the header."""
    if raw.startswith(_UTF16_MARKS):
        raise utf16(file)
    if not is_utf8(raw):
        detail = undecodable(file, 1, raw).detail
        raise RunError(f"{file.path}: line 1: {detail}; set data.encoding to that of the file")
    if problem:
        raise RunError(f"{file.path}: line 1: the header is malformed: {problem}")
    if not fields:
        return None
    header = [name.strip() for name in fields]
    check_columns(file, header, columns)
    return header


def _lines(file: InputFile, text: TextIO) -> Iterator[str]:
    for number, line in enumerate(iter(functools.partial(text.readline, LONGEST_LINE), ""), 1):
        if len(line) == LONGEST_LINE and line[-1] not in "\r\n":
            raise too_long(file, number)
        yield line


def _tsv_rows(file: InputFile, text: TextIO) -> Iterator[Row]:
    for line in _lines(file, text):
        line = line.rstrip("\r\n")
        fields = line.split("\t") if line else []
        if '""' in line:
            fields = [_unquoted(field) for field in fields]
        yield Row(line, fields)


def _unquoted(field: str) -> str:
    match = _QUOTED_FIELD(field)
    return match[1].replace('""', '"') if match and '""' in match[1] else field


def _csv_rows(file: InputFile, text: TextIO) -> Iterator[Row]:
    csv.field_size_limit(LONGEST_LINE)
    # The lines of the current row, for the messages and for `rejected/`.
    lines: list[str] = []
    ended = False
    line_number = 1

    def feed() -> Iterator[str]:
        nonlocal ended
        length = 0
        for line in _lines(file, text):
            length = length + len(line) if lines else len(line)
            if length > 2 * LONGEST_LINE:
                raise RunError(
                    f"{file.path}: row {row_number}: from line {line_number} on it is longer than "
                    f"{2 * LONGEST_LINE:,} characters"
                )
            lines.append(line)
            yield line
        ended = True

    # csv of Python 3.10 takes no NUL; cleaning makes a space of it anyway.
    delimiter = file.dialect.separator or ","
    rows = csv.reader(
        (line.replace("\0", " ") for line in feed()), strict=True, delimiter=delimiter
    )
    row_number = 0
    while True:
        line_number += len(lines)
        row_number += 1
        lines.clear()
        try:
            fields = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            raw = "".join(lines)
            # Text behind a closing quote that opened lines before is the next row's, swallowed.
            if ended or len(lines) > 1:
                line = line_number + _lines_before_open_quote(raw, delimiter)
                raise RunError(
                    f"{file.path}: row {row_number}: quote opened in line {line} is never closed"
                ) from None
            yield Row(raw, [], f"text behind a closing quote: {error}")
        else:
            yield Row(lines[0] if len(lines) == 1 else "".join(lines), fields)


def _lines_before_open_quote(raw: str, delimiter: str) -> int:
    """Counts the line ends of a row that stand before the quote that is not closed."""
    whole_field = re.compile(_WHOLE_FIELD.format(re.escape(delimiter)))
    position = 0
    while match := whole_field.match(raw, position):
        position = match.end()
    return len(_LINE_END.findall(raw, 0, position))


_SPLITTERS = {"csv": _csv_rows, "tsv": _tsv_rows}


def split_rows(file: InputFile, text: TextIO) -> Iterator[Row]:
    """Takes a text apart as the rows of a file of this format and dialect.

    Args:
        file: CSV or TSV.
        text: Whatever it holds, line ends as they are.

    Yields:
        Each row, the header and blank ones among them.

    Raises:
        RunError: See `reading.read_records`.
    """
    return _SPLITTERS[file.format](file, text)


register(Format("csv", "CSV", (".csv",), read_delimited, has_header=True, delimiters=",;\t|"))
register(Format("tsv", "TSV", (".tsv", ".tab"), read_delimited, has_header=True))
