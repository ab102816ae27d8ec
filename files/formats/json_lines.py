"""Reading JSON Lines: one object a line."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Mapping

from ...errors import RunError
from ..input_file import InputFile
from ..lines import numbered_lines
from ..records import (
    MALFORMED,
    UNDECODABLE,
    Record,
    cell_text,
    check_columns,
    is_utf8,
    undecodable,
)
from .registry import Format, register


def read_json_lines(file: InputFile, columns: Mapping[str, str], others: bool) -> Iterator[Record]:
    """Streams the objects of a file; a key that an object lacks is an empty cell.

    Args:
        file: In UTF-8, one object a line.
        columns: Keys that must occur somewhere -> the setting that names them.
        others: Makes no difference.

    Yields:
        Each line that is not blank.

    Raises:
        RunError: See `reading.read_records`; also for a file that is one JSON array.
    """
    seen: dict[str, None] = {}
    any_object = False
    for number, line in numbered_lines(file, functools.partial(_check_first, file)):
        line = line.strip()
        if not line:
            continue
        record = _record(file, number, line)
        if isinstance(record.values, dict):
            any_object = True
            if not columns.keys() <= seen.keys():
                seen.update(dict.fromkeys(record.values))
        yield record
    if any_object:
        check_columns(file, seen, columns)


def _check_first(file: InputFile, line: bytes) -> None:
    if line.lstrip().startswith(b"["):
        raise RunError(f"{file.path}: is a JSON array; set data.format: json")


def _record(file: InputFile, number: int, line: bytes) -> Record:
    text = line.decode("utf-8", "surrogateescape")
    if not is_utf8(text):
        return undecodable(file, number, text)
    try:
        found = json.loads(text)
        if not isinstance(found, dict):
            return Record(number, text, MALFORMED, "no JSON object")
        # A value may be read that is nested too deep to be written.
        values = {key: cell_text(value) for key, value in found.items()}
    except (ValueError, RecursionError) as error:
        return Record(number, text, MALFORMED, f"no JSON: {error}")
    # An escape (\ud83d) can name half a character, which no UTF-8 can hold.
    if "\\u" in text and not is_utf8("".join([*values, *values.values()])):
        return Record(number, text, UNDECODABLE, "an escape names half a character")
    return Record(number, values)


register(Format("jsonl", "JSON Lines", (".jsonl", ".ndjson"), read_json_lines, begins=(b"{",)))
