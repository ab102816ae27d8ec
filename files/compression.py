"""Opening a file of bytes, whatever it is packed with and written in, and wherever it lies."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import io
import zlib
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

import zstandard

from ..errors import RunError
from .input_file import InputFile
from .transcoding import as_utf8

_BLOCK = 1 << 20
_PACKED_BLOCK = 1 << 14


@contextlib.contextmanager
def open_file(file: InputFile) -> Iterator[BinaryIO]:
    """Opens a file for reading, unpacked, in UTF-8 and buffered.

    Args:
        file: Plain, or packed with gzip, bzip2 or Zstandard; in the encoding of its dialect.

    Yields:
        A binary stream that is read once, forwards. Bytes that the encoding does not have appear
        as bytes that are no UTF-8.

    Raises:
        RunError: It cannot be opened, is not what its ending says, or its packed data is
            damaged or cut short; also while it is being read.
    """
    with open_packed(file) as unpacked:
        yield as_utf8(unpacked, file.dialect.encoding)


@contextlib.contextmanager
def open_packed(file: InputFile) -> Iterator[BinaryIO]:
    """Opens a file for reading, unpacked, but in the encoding that it is in.

    Args:
        file: As for `open_file`.

    Yields:
        A binary stream that is read once, forwards.

    Raises:
        RunError: See `open_file`.
    """
    try:
        with file.open() as raw, _unpacked(raw, file.compression) as unpacked:
            yield unpacked
    except (EOFError, zlib.error, zstandard.ZstdError, gzip.BadGzipFile) as error:
        raise RunError(
            f"{file.path}: its {file.compression} data is damaged or cut short ({error})"
        ) from None
    except OSError as error:
        raise RunError(f"{file.path}: cannot be read: {error.strerror or error}") from None


def _unpacked(raw: BinaryIO, compression: str) -> BinaryIO:
    return io.BufferedReader(_UNPACKERS[compression](raw), _BLOCK) if compression else raw


class _ZstandardStream(io.RawIOBase):
    """Reads all frames of a file; unlike zstandard's own reader it notices a missing end."""

    def __init__(self, raw: BinaryIO):
        self._raw = raw
        self._frame: zstandard.ZstdDecompressionObj | None = None
        self._unread = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        while not self._unread:
            frame, packed = self._frame, b""
            if frame and frame.eof:
                packed, frame = frame.unused_data, None
            packed = packed or self._raw.read(_PACKED_BLOCK)
            if not packed:
                if frame:
                    raise EOFError("the last frame has no end")
                return 0
            self._frame = frame or zstandard.ZstdDecompressor().decompressobj()
            self._unread = memoryview(self._frame.decompress(packed))
        count = min(len(buffer), len(self._unread))
        buffer[:count] = self._unread[:count]
        self._unread = self._unread[count:]
        return count


_UNPACKERS: dict[str, Callable[[BinaryIO], Any]] = {
    ".gz": lambda raw: gzip.GzipFile(fileobj=raw),
    ".bz2": bz2.BZ2File,
    ".zst": _ZstandardStream,
}
COMPRESSIONS = tuple(_UNPACKERS)
