"""Reading the examples of a split without TensorFlow, as `example_bytes` writes them without it.

TFRecords (https://www.tensorflow.org/tutorials/load_data/tfrecord) frame each example with its
length and checksums; that of the example is a hash that costs nothing, so a sample by it is the
same on every machine and takes the rows from everywhere in the files.
"""

from __future__ import annotations

import gzip
import heapq
import io
import os
import struct
import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from ..errors import RunError

Made = TypeVar("Made")

# What a feature of an example may be.
Values = list[bytes] | list[float] | list[int]

_HEADER = struct.Struct("<QI")
_CHECKSUM = struct.Struct("<I")
_READ_AT_ONCE = 1 << 20
_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5
# By the number of the field in `tf.train.Feature`.
_TEXTS, _FLOATS, _INTEGERS = 1, 2, 3


def read_framed(path: str) -> Iterator[tuple[int, bytes]]:
    """Reads the records of a gzipped file of them.

    Args:
        path: Of the file, on this machine.

    Yields:
        The checksum of each record, and the record.

    Raises:
        RunError: The file is damaged.
    """
    try:
        with gzip.open(path) as file, io.BufferedReader(file, _READ_AT_ONCE) as stream:
            while header := stream.read(_HEADER.size):
                length, _ = _HEADER.unpack(header)
                record = stream.read(length)
                (checksum,) = _CHECKSUM.unpack(stream.read(_CHECKSUM.size))
                yield checksum, record
    except (OSError, EOFError, zlib.error, struct.error, OverflowError, MemoryError) as error:
        raise RunError(f"{path}: cannot be read as examples: {error}") from None


def sample_records(
    paths: Iterable[str], most: int, make: Callable[[bytes], Made]
) -> tuple[int, list[Made]]:
    """Takes some of the records of files, the same ones whenever it is asked.

    Args:
        paths: Of the files.
        most: How many are taken, those with the smallest checksums.
        make: Makes of a record what is kept of it; it is asked of few more than are taken.

    Returns:
        How many records there are, and what was made of those that were taken, in their order.

    Raises:
        RunError: A file is damaged.
    """
    count = 0
    # The greatest checksum first, so that it is the one to go.
    taken: list[tuple[int, int, Made]] = []
    for path in paths:
        for checksum, record in read_framed(path):
            count += 1
            if len(taken) < most:
                heapq.heappush(taken, (-checksum, -count, make(record)))
            elif taken and -checksum > taken[0][0]:
                heapq.heapreplace(taken, (-checksum, -count, make(record)))
    return count, [made for _, _, made in sorted(taken, key=lambda each: -each[1])]


def examples_files(folder: str, split: str) -> list[str]:
    """The files of a split, in their order; none where there is no such split.

    Args:
        folder: Of the artifact `examples`, on this machine.
        split: Its name, such as `train`.
    """
    of_split = os.path.join(folder, f"Split-{split}")
    if not os.path.isdir(of_split):
        return []
    return [os.path.join(of_split, name) for name in sorted(os.listdir(of_split))]


def example_values(record: bytes) -> dict[str, Values]:
    """Reads a `tf.train.Example`.

    Args:
        record: Serialized.

    Returns:
        By the name of a feature its values.

    Raises:
        ValueError: It is none.

    Example:
        >>> from reviewlens.components import example_bytes
        >>> text = example_bytes.entry(example_bytes.key("text"), example_bytes.texts(["Great!"]))
        >>> example_values(example_bytes.example([text]))
        {'text': [b'Great!']}
    """
    found: dict[str, Values] = {}
    try:
        for _, _, features in _fields(record):
            for _, _, entry in _fields(features):
                parts = {number: value for number, _, value in _fields(entry)}
                found[parts[1].decode()] = _values(parts.get(2, b""))
    except (IndexError, KeyError, struct.error, AttributeError, TypeError) as error:
        raise ValueError(f"a record is no example: {error!r}") from None
    return found


def _values(feature: bytes) -> Values:
    for kind, _, values in _fields(feature):
        if kind == _TEXTS:
            return [value for _, _, value in _fields(values)]
        if kind == _FLOATS:
            packed = b"".join([value for _, _, value in _fields(values)])
            return list(struct.unpack(f"<{len(packed) // 4}f", packed))
        if kind == _INTEGERS:
            return [number for _, _, value in _fields(values) for number in _ints(value)]
    return []


def _ints(value: Any) -> Iterator[int]:
    if isinstance(value, int):
        yield _signed(value)
        return
    at = 0
    while at < len(value):
        number, at = _varint(value, at)
        yield _signed(number)


def _signed(number: int) -> int:
    return number - (1 << 64) if number >> 63 else number


def _fields(message: Any) -> Iterator[tuple[int, int, Any]]:
    """Number, type and value of each field of a message; that of a number is one."""
    at, end = 0, len(message)
    while at < end:
        key, at = _varint(message, at)
        wire = key & 7
        value: Any
        if wire == _VARINT:
            value, at = _varint(message, at)
        elif wire in (_FIXED32, _FIXED64):
            size = 4 if wire == _FIXED32 else 8
            value, at = message[at : at + size], at + size
        elif wire == _LENGTH:
            size, at = _varint(message, at)
            value, at = message[at : at + size], at + size
        else:
            raise ValueError(f"a record is no example: it has a field of type {wire}")
        if at > end:
            raise ValueError("a record is no example: it ends too early")
        yield key >> 3, wire, value


def _varint(message: bytes, at: int) -> tuple[int, int]:
    """The number that begins at a place, and where it ends."""
    found = message[at]
    at += 1
    if found < 128:
        return found, at
    found &= 127
    shift = 7
    while True:
        byte = message[at]
        at += 1
        found |= (byte & 127) << shift
        if byte < 128:
            return found, at
        shift += 7
