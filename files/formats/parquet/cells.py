"""From the columns of a Parquet file to rows of text, none of which fills the memory."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

import numpy as np
import pyarrow
import pyarrow.types

from ...records import LONGEST_LINE, MALFORMED, TOO_LONG, UNDECODABLE, Record, cell_text

# What Python has no value for: a date of the year 100,000, a time zone that does not exist.
_NO_VALUE = (
    ValueError,
    ArithmeticError,
    LookupError,
    TypeError,
    RecursionError,
    pyarrow.ArrowException,
)

# What a value in a list, a map or a struct counts beside its text.
_ITEM = 8
_SHOWN = 200

_STORED = {32: pyarrow.int32(), 64: pyarrow.int64()}


class _TooLongError(Exception):
    """A cell holds more than a row may."""


def to_records(
    arrays: Mapping[str, pyarrow.Array], first: int, required: Collection[str]
) -> Iterator[Record]:
    """Makes rows of text of some rows of all columns.

    Args:
        arrays: Column -> its cells, strings as they are or in a dictionary; all of one length.
        first: Number of the first row.
        required: Columns without which a row is of no use; the cells of all others are shown
            as they are stored where they have no form as text.

    Yields:
        Each row, also those that cannot be used.

    Raises:
        ValueError: The columns are damaged.
    """
    columns = [_Column(name, array, name in required) for name, array in arrays.items()]
    lengths = np.sum([column.lengths for column in columns], axis=0)
    for row, length in enumerate(lengths.tolist()):
        yield _record(first + row, row, columns, length)


def _record(number: int, row: int, columns: list[_Column], length: int) -> Record:
    values = {}
    try:
        room = _Room(LONGEST_LINE)
        room.take(length)
        for column in columns:
            values[column.name] = column.text(row, room, column.required)
    except _TooLongError as error:
        reason, detail = TOO_LONG, str(error)
    except UnicodeDecodeError as error:
        reason, detail = UNDECODABLE, f"column {column.name!r}: {error}"
    except _NO_VALUE as error:
        reason, detail = MALFORMED, f"column {column.name!r} has no readable value: {error}"
    else:
        return Record(number, values)
    most = _SHOWN if reason == TOO_LONG else LONGEST_LINE
    shown = {column.name: column.shown(row, most) for column in columns}
    return Record(number, shown, reason, detail)


class _Column:
    """A column of a batch."""

    def __init__(self, name: str, array: pyarrow.Array, required: bool):
        self.name = name
        self.required = required
        self._array = array
        self._texts = _Texts(array) if is_text(array.type) else None
        self.lengths = self._texts.lengths if self._texts else np.zeros(len(array), np.int64)

    def text(self, row: int, room: _Room, strict: bool) -> str:
        """Of a cell, whose parts take what they need of the room."""
        if self._texts:
            return cell_text(self._texts.get(row, strict))
        (value,) = _values(self._array.slice(row, 1), room, strict)
        return cell_text(value)

    def shown(self, row: int, most: int) -> str:
        """A cell, or its first bytes, whatever is in it."""
        if self._texts:
            return self._texts.get(row, False, most) or ""
        try:
            return self.text(row, _Room(most), False)
        except (*_NO_VALUE, _TooLongError):
            return "…"


class _Texts:
    """The strings or bytes of an array, read from its memory one at a time."""

    def __init__(self, array: pyarrow.Array):
        valid = _valid(array)
        places = np.arange(len(array))
        if pyarrow.types.is_dictionary(array.type):
            places = _numbers(array.indices)
            array = array.dictionary
            used = places[valid]
            # Arrow does not check it.
            if used.size and not 0 <= used.min() <= used.max() < len(array):
                raise ValueError("a cell refers to a value that is not there")
            valid[valid] = _valid(array)[used]
        self._bytes = memoryview(b"")
        self._starts = self._ends = np.zeros(len(valid), np.int64)
        if valid.any():
            large = pyarrow.types.is_large_string(array.type) or pyarrow.types.is_large_binary(
                array.type
            )
            _, offsets, data = array.buffers()
            offsets = np.frombuffer(offsets, np.int64 if large else np.int32)[array.offset :]
            places = np.where(valid, places, 0)
            self._starts, self._ends = offsets[places], offsets[places + 1]
            self._bytes = memoryview(data or b"")
        self._valid = valid
        self.lengths = np.where(valid, self._ends.astype(np.int64) - self._starts, 0)

    def get(self, index: int, strict: bool, most: int = LONGEST_LINE) -> str | None:
        """The text at a place; bytes that are no UTF-8 raise, or appear as `\\xe9`."""
        if not self._valid[index]:
            return None
        start = int(self._starts[index])
        end = min(int(self._ends[index]), start + most)
        return str(self._bytes[start:end], "utf-8", "strict" if strict else "backslashreplace")


def _valid(array: pyarrow.Array) -> np.ndarray:
    """Which values there are; pyarrow's own answer would import pandas for it."""
    if not array.null_count:
        return np.ones(len(array), bool)
    bits = np.frombuffer(array.buffers()[0], np.uint8)
    found = np.unpackbits(bits, count=array.offset + len(array), bitorder="little")
    return found[array.offset :].astype(bool)


def _numbers(array: pyarrow.Array) -> np.ndarray:
    bits = array.type.bit_width
    found = np.frombuffer(array.buffers()[1], f"i{bits // 8}")
    return found[array.offset : array.offset + len(array)]


class _Room:
    """Bytes that the rest of a row may have."""

    def __init__(self, left: int):
        self._left = left

    def take(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            raise _TooLongError(f"its cells have more than {LONGEST_LINE:,} bytes")


def _values(array: pyarrow.Array, room: _Room, strict: bool) -> list[Any]:
    """Python's own values of an array, of which JSON can be made."""
    room.take(_ITEM * len(array))
    kind = array.type
    if isinstance(kind, pyarrow.BaseExtensionType):
        return _values(array.storage, room, strict)
    if is_text(kind):
        texts = _Texts(array)
        room.take(int(texts.lengths.sum()))
        return [texts.get(index, strict) for index in range(len(array))]
    if pyarrow.types.is_map(kind):
        return [_pairs(each.values, room, strict) if each.is_valid else None for each in array]
    if pyarrow.types.is_struct(kind):
        names = [kind[index].name for index in range(kind.num_fields)]
        fields = [_values(array.field(index), room, strict) for index in range(len(names))]
        valid = _valid(array).tolist()
        return [
            dict(zip(names, (field[index] for field in fields), strict=True)) if there else None
            for index, there in enumerate(valid)
        ]
    if pyarrow.types.is_nested(kind):
        return [_values(each.values, room, strict) if each.is_valid else None for each in array]
    return [_value(array, index, strict) for index in range(len(array))]


def _pairs(entries: pyarrow.StructArray, room: _Room, strict: bool) -> list[Any]:
    keys, values = (_values(entries.field(index), room, strict) for index in (0, 1))
    return [list(pair) for pair in zip(keys, values, strict=True)]


def _value(array: pyarrow.Array, index: int, strict: bool) -> Any:
    try:
        value = array[index].as_py()
        if isinstance(value, bytes):
            value = value.decode("utf-8", "strict" if strict else "backslashreplace")
        # Some have a value that has no text.
        return value if isinstance(value, (str, int, float)) else value and str(value)
    except _NO_VALUE:
        stored = None if strict else _STORED.get(array.type.bit_width)
        if stored is None:
            raise
        return array.view(stored)[index].as_py()


def is_text(kind: pyarrow.DataType) -> bool:
    """Whether a column holds strings or bytes of any length, as they are or in a dictionary."""
    if pyarrow.types.is_dictionary(kind):
        kind = kind.value_type
    return any(
        check(kind)
        for check in (
            pyarrow.types.is_string,
            pyarrow.types.is_binary,
            pyarrow.types.is_large_string,
            pyarrow.types.is_large_binary,
        )
    )
