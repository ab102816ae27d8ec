"""Reading a file that ends in .json: an array of objects, JSON Lines, or what SQuAD has."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ..compression import open_file
from ..input_file import InputFile
from ..json_pieces import JsonPieces
from ..records import MALFORMED, UNDECODABLE, Record, cell_text, check_columns, is_utf8, start_of
from .json_lines import read_json_lines
from .registry import Format, Reader, register
from .squad import read_squad

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_HEAD = 1 << 20
_SQUAD = "data"


def read_json(file: InputFile, columns: Mapping[str, str], others: bool) -> Iterator[Record]:
    """Streams the rows of a file, whichever of the three it is.

    Args:
        file: In UTF-8. One that begins with `[` is an array of objects; one whose first line is
            an object without `data`, and of 1 MiB at most, is JSON Lines; any other is SQuAD's.
        columns: Columns that must be there -> the setting that names them.
        others: See `squad.read_squad`.

    Yields:
        Each row.

    Raises:
        RunError: See `read_json_array`, `json_lines.read_json_lines` and `squad.read_squad`.
    """
    yield from _reader(file)(file, columns, others)


def _reader(file: InputFile) -> Reader:
    with open_file(file) as stream:
        line = stream.read(_HEAD).removeprefix(_BYTE_ORDER_MARK).lstrip()
    if line.startswith(b"["):
        return read_json_array
    try:
        first = json.loads(line.partition(b"\n")[0])
    except (ValueError, RecursionError):
        return read_squad
    return read_json_lines if isinstance(first, dict) and _SQUAD not in first else read_squad


def read_json_array(file: InputFile, columns: Mapping[str, str], others: bool) -> Iterator[Record]:
    """Streams the objects of an array; a key that an object lacks is an empty cell.

    Args:
        file: In UTF-8, with or without a byte order mark.
        columns: Keys that must occur somewhere -> the setting that names them.
        others: Makes no difference.

    Yields:
        Each value of the array; its row is its number. One that is no object, nests more than
        100 deep or is longer than 16 MiB cannot be used.

    Raises:
        RunError: See `JsonPieces` and `reading.read_records`.
    """
    seen: dict[str, None] = {}
    any_object = False
    with open_file(file) as stream:
        pieces = JsonPieces(file, stream)
        for number in pieces.elements():
            record = _record(number, pieces)
            if isinstance(record.values, dict):
                any_object = True
                if not columns.keys() <= seen.keys():
                    seen.update(dict.fromkeys(record.values))
            yield record
        if pieces.peek():
            pieces.refuse("is no JSON: it goes on behind its end")
    if any_object:
        check_columns(file, seen, columns)


def _record(number: int, pieces: JsonPieces) -> Record:
    piece = pieces.piece()
    shown = start_of(piece.text)
    try:
        found: Any = pieces.load(piece)
    except ValueError as error:
        reason = piece.reason or MALFORMED
        return Record(number, shown, reason, f"line {piece.line}: a value {error}")
    if not isinstance(found, dict):
        return Record(number, shown, MALFORMED, f"line {piece.line}: no JSON object")
    values = {key: cell_text(value) for key, value in found.items()}
    if not all(map(is_utf8, [*values, *values.values()])):
        detail = "holds bytes that are no UTF-8, or an escape that names half a character"
        return Record(number, shown, UNDECODABLE, detail)
    return Record(number, values)


register(Format("json", "JSON", (".json",), read_json, in_folders=False, begins=(b"[",)))
