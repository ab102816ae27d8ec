"""What must be known of a Parquet file before pyarrow decodes it: how deep, and what pages.

A schema that is nested too deep crashes pyarrow. And the footer may claim anything; what a
decoder allocates follows the header of each page, which pyarrow does not show. All of these are
structs in Thrift's compact protocol, see https://parquet.apache.org/docs/file-format/ and
https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any, BinaryIO, NamedTuple

# Of enum Encoding in parquet.thrift.
PLAIN = 0
DELTA_LENGTH_BYTE_ARRAY = 6
DELTA_BYTE_ARRAY = 7
DICTIONARY_ENCODINGS = (2, 8)

# Of enum PageType, and the field of the header that describes such a page.
_DICTIONARY_PAGE = 2
_DESCRIPTIONS = {0: 5, _DICTIONARY_PAGE: 7, 3: 8}

# Where a data page of version 2 says its encoding; the other two say it in their second field.
_VERSION_2 = 3
_LEVELS = (5, 6)
_IS_PACKED = 7

# Fields of the footer and of an element of its schema.
_SCHEMA = 2
_CHILDREN = 5

_MAGIC = b"PAR1"

_TRUE, _FALSE, _BYTE, _I16, _I32, _I64, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = range(1, 13)
_BITS = {_I16: 16, _I32: 32, _I64: 64}
_DEEPEST = 32

_FIRST_READ = 1 << 9
# What Arrow allows a header, which holds the least and the greatest value of its page.
_LARGEST_HEADER = 1 << 24

# Early writers forgot a header in a column's length; Arrow reads so much further.
_SLACK = 100


class Page(NamedTuple):
    """One page of a column.

    Attributes:
        is_dictionary: Whether it holds the values that other pages refer to.
        values: How many it holds, nulls included.
        encoding: Of its values.
        packed: Bytes in the file.
        unpacked: Bytes once they are decompressed.
        start: Where its bytes start in the file.
        levels: Bytes of its levels, which stand before its values and are never packed; None
            where the levels are packed with them, and say their length themselves.
        is_packed: Whether the values are compressed, if those of the column are.
    """

    is_dictionary: bool
    values: int
    encoding: int
    packed: int
    unpacked: int
    start: int
    levels: int | None
    is_packed: bool


def schema_depth(stream: BinaryIO) -> int:
    """Counts the groups that stand in each other in the schema of a file.

    Args:
        stream: The file; it is sought in.

    Returns:
        How many there are at most; 0 where there is no footer.

    Raises:
        ValueError: The footer is damaged or cut short.
    """
    size = stream.seek(0, os.SEEK_END)
    stream.seek(max(size - 8, 0))
    end = stream.read()
    length = int.from_bytes(end[:4], "little")
    if end[4:] != _MAGIC or length > size - 8:
        return 0
    stream.seek(size - 8 - length)
    footer = stream.read(length)
    at = field = deepest = 0
    try:
        while True:
            field, kind, at = _field(footer, at, field)
            if not kind:
                return deepest
            if (field, kind) == (_SCHEMA, _LIST):
                depth, at = _depth(footer, at)
                deepest = max(deepest, depth)
            elif kind not in (_TRUE, _FALSE):
                _, at = _value(footer, at, kind, 0)
    except IndexError:
        raise ValueError("its footer is cut short") from None


def _depth(footer: bytes, at: int) -> tuple[int, int]:
    size, kind, at = _list_head(footer, at)
    deepest = 0
    # Of each group that is open, how many of its children are still to come.
    missing: list[int] = []
    for _ in range(size if kind == _STRUCT else 0):
        element, at = _struct(footer, at, 0)
        while missing and not missing[-1]:
            missing.pop()
        if missing:
            missing[-1] -= 1
        children = element.get((_CHILDREN, _I32), 0)
        if children > 0:
            missing.append(children)
        deepest = max(deepest, len(missing))
    return deepest, at


def read_pages(stream: BinaryIO, start: int, length: int, values: int) -> Iterator[Page]:
    """Finds the pages of a column in a row group, as Arrow would, without reading their data.

    Args:
        stream: The file; it is sought in.
        start: Where the first page starts.
        length: Bytes of all pages, by the footer.
        values: How many there are in all, by the footer.

    Yields:
        Each page that Arrow would decode.

    Raises:
        ValueError: A header is damaged or cut short.
    """
    end = start + length + _SLACK
    while values > 0 and start < end - _SLACK:
        header, size = _read_header(stream, start, end)
        kind, unpacked, packed = (header.get((field, _I32)) for field in (1, 2, 3))
        if unpacked is None or packed is None or unpacked < 0 or packed < 0:
            raise ValueError("a page has no size")
        at = start + size
        start = at + packed
        if kind not in _DESCRIPTIONS:
            continue
        described = header.get((_DESCRIPTIONS[kind], _STRUCT), {})
        count = described.get((1, _I32), -1)
        encoding = described.get((4 if kind == _VERSION_2 else 2, _I32), -1)
        if count < 0:
            raise ValueError("a page does not say how many values it has")
        is_dictionary = kind == _DICTIONARY_PAGE
        if not is_dictionary:
            values -= count
        levels = None
        if kind == _VERSION_2:
            lengths = [described.get((field, _I32), -1) for field in _LEVELS]
            levels = sum(lengths)
            if min(lengths) < 0 or levels > min(packed, unpacked):
                raise ValueError("a page has more bytes of levels than bytes")
        is_packed = described.get((_IS_PACKED, _TRUE), True) if kind == _VERSION_2 else True
        yield Page(is_dictionary, count, encoding, packed, unpacked, at, levels, is_packed)


def _read_header(stream: BinaryIO, start: int, end: int) -> tuple[dict, int]:
    size = _FIRST_READ
    while True:
        stream.seek(start)
        data = stream.read(min(size, end - start))
        try:
            return _struct(data, 0, 0)
        except IndexError:
            if len(data) < size or size >= _LARGEST_HEADER:
                raise ValueError("the header of a page is cut short") from None
            size *= 8


def _struct(data: bytes, at: int, depth: int) -> tuple[dict[tuple[int, int], Any], int]:
    """Reads `(field, type) -> value`; a field of another type is another field."""
    if depth > _DEEPEST:
        raise ValueError("a header is nested too deep")
    found: dict[tuple[int, int], Any] = {}
    field = 0
    while True:
        field, kind, at = _field(data, at, field)
        if not kind:
            return found, at
        if kind in (_TRUE, _FALSE):
            found[field, _TRUE] = kind == _TRUE
        else:
            found[field, kind], at = _value(data, at, kind, depth)


def _field(data: bytes, at: int, last: int) -> tuple[int, int, int]:
    """Number and type of the next field, and where its value starts; type 0 ends a struct."""
    head, at = data[at], at + 1
    if not head & 15 or head >> 4:
        return last + (head >> 4), head & 15, at
    field, at = _zigzag(data, at, 16)
    return field, head & 15, at


def _list_head(data: bytes, at: int) -> tuple[int, int, int]:
    """Length and type of the elements of a list, and where they start."""
    head, at = data[at], at + 1
    size = head >> 4
    if size == 15:
        size, at = read_varint(data, at)
    return size, head & 15, at


def _value(data: bytes, at: int, kind: int, depth: int) -> tuple[Any, int]:
    if kind in (_TRUE, _FALSE, _BYTE):
        return data[at], at + 1
    if kind in _BITS:
        return _zigzag(data, at, _BITS[kind])
    if kind == _DOUBLE:
        return data[at + 7], at + 8
    if kind == _BINARY:
        size, at = read_varint(data, at)
        return None, at + size
    if kind == _STRUCT:
        return _struct(data, at, depth + 1)
    if kind in (_LIST, _SET):
        size, element, at = _list_head(data, at)
        kinds: tuple[int, ...] = (element,)
    elif kind == _MAP:
        size, at = read_varint(data, at)
        kinds = ()
        if size:
            kinds, at = (data[at] >> 4, data[at] & 15), at + 1
    else:
        raise ValueError("a header has a field of no known type")
    for _ in range(size):
        for element in kinds:
            _, at = _value(data, at, element, depth + 1)
    return None, at


def read_varint(data: bytes | memoryview, at: int) -> tuple[int, int]:
    """Reads a whole number, seven bits a byte, the lowest first.

    Args:
        data: Holds it.
        at: Where it starts.

    Returns:
        The number, and where it ends.

    Raises:
        IndexError: It is cut short.
        ValueError: It has more than 64 bits.
    """
    number = shift = 0
    while True:
        byte, at = data[at], at + 1
        number |= (byte & 127) << shift
        if byte < 128:
            return number, at
        shift += 7
        if shift > 63:
            raise ValueError("a header has a number without end")


def _zigzag(data: bytes, at: int, bits: int) -> tuple[int, int]:
    number, at = read_varint(data, at)
    if number >> bits:
        # Another reader would cut it off, and see other pages than these.
        raise ValueError("a header has a number that is too large")
    return number >> 1 ^ -(number & 1), at
