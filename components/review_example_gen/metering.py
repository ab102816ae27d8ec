"""How much of a file has been read, whatever reads it."""

from __future__ import annotations

import dataclasses
import io
from typing import BinaryIO

from ...files import FORMATS, InputFile

# Small enough that what is read ahead hardly counts.
_READ_AHEAD = 1 << 16


class Metered:
    """A file of which is known how much of it was read.

    Args:
        file: As it was found.

    Attributes:
        file: The same, to be read from in its place, by this process.
        bytes: How many of it were read, packed as they are; none of a file that is no text, of
            which parts may be read in any order, or never.

    Example:
        >>> with open("reviews.csv", "w") as written:
        ...     print("text,stars", file=written)
        >>> metered = Metered(InputFile("reviews.csv", "reviews.csv", "csv", "", 11))
        >>> with metered.file.open() as stream:
        ...     stream.readline()
        b'text,stars\\n'
        >>> metered.bytes
        11
    """

    def __init__(self, file: InputFile):
        self._found = file
        self.bytes = 0
        self.file = file
        if FORMATS[file.format].is_text:
            self.file = dataclasses.replace(file, opener=self._open)

    def _open(self, path: str) -> BinaryIO:
        # A buffer of its own would be read ahead of ours.
        raw = self._found.open() if self._found.opener else io.FileIO(path)
        return io.BufferedReader(_Meter(raw, self), _READ_AHEAD)


class _Meter(io.RawIOBase):
    def __init__(self, raw: BinaryIO | io.FileIO, metered: Metered):
        self._raw = raw
        self._metered = metered

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        block = self._raw.read(len(buffer)) or b""
        buffer[: len(block)] = block
        self._metered.bytes += len(block)
        return len(block)

    def close(self) -> None:
        self._raw.close()
        super().close()
