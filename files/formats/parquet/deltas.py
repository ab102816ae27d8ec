"""How many lengths a page of a Parquet file has whose strings are encoded as differences.

Arrow decodes all of them at once, as many as the page says, which may be any number: where all
are alike, a billion of them take a few bytes. See DELTA_LENGTH_BYTE_ARRAY and DELTA_BYTE_ARRAY in
https://parquet.apache.org/docs/file-format/data-pages/encodings/.
"""

from __future__ import annotations

from typing import BinaryIO

import pyarrow

from .headers import DELTA_BYTE_ARRAY, Page, read_varint

# Where Parquet's name of a codec is not Arrow's.
_CODECS = {"LZ4": "lz4_raw"}


def check_lengths(stream: BinaryIO, page: Page, codec: str, levels: int) -> None:
    """Makes sure that a page has no more lengths than values.

    Args:
        stream: The file; it is sought in.
        page: A data page of either encoding.
        codec: Name of the compression of its column.
        levels: How many kinds of levels its column has: repetition, definition, or neither.

    Raises:
        ValueError: It has more, or cannot be taken apart.
    """
    try:
        data, at = _values(stream, page, codec, levels)
        at = _check(data, at, page.values)
        if page.encoding == DELTA_BYTE_ARRAY:
            _check(data, at, page.values)
    except IndexError:
        raise ValueError("a page is cut short") from None


def _values(stream: BinaryIO, page: Page, codec: str, levels: int) -> tuple[memoryview, int]:
    """The bytes of a page, and where its values start among them."""
    stream.seek(page.start + (page.levels or 0))
    data = stream.read(page.packed - (page.levels or 0))
    unpacked = page.unpacked - (page.levels or 0)
    if codec != "UNCOMPRESSED" and page.is_packed:
        name = _CODECS.get(codec, codec.lower())
        data = pyarrow.decompress(data, unpacked, name) if data and unpacked else b""
    view = memoryview(data).cast("B")
    at = 0
    if page.levels is None:
        for _ in range(levels):
            at += 4 + int.from_bytes(view[at : at + 4], "little")
    return view, at


def _check(data: memoryview, at: int, most: int) -> int:
    """Returns where the differences of the lengths end."""
    block, at = read_varint(data, at)
    parts, at = read_varint(data, at)
    count, at = read_varint(data, at)
    if count > most:
        raise ValueError(f"a page of {most:,} values says that it has {count:,} lengths")
    if not parts or block % parts or not block:
        raise ValueError("a page has parts of no length")
    _, at = read_varint(data, at)
    left = count - 1
    while left > 0:
        _, at = read_varint(data, at)
        widths, at = data[at : at + parts], at + parts
        for width in widths:
            if left <= 0:
                break
            at += block // parts * width // 8
            left -= block // parts
        if at > len(data):
            raise IndexError
    return at
