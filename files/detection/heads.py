"""As much of a file as tells how it is written."""

from __future__ import annotations

import io
from typing import NamedTuple

from ..compression import open_packed
from ..input_file import InputFile
from ..transcoding import as_utf8

_BLOCK = 1 << 18
# Bytes beyond ASCII that are enough, and how far they are looked for.
_ENOUGH = 2000
_FARTHEST = 1 << 24
BEYOND_ASCII = bytes(range(128, 256))


class Head(NamedTuple):
    """What has been read of a file.

    Attributes:
        start: Its first 256 KiB to the end of a line, or all of it.
        is_all: Whether the file has no more.
        sample: Lines that are not ASCII, from wherever they begin; none where there are none
            within the first 16 MiB.
    """

    start: bytes
    is_all: bool
    sample: bytes

    def text(self, encoding: str | None) -> str:
        """The start as text, up to the end of a line.

        Args:
            encoding: Of the file; bytes that it does not have are kept as surrogates.
        """
        text = (
            as_utf8(io.BytesIO(self.start), encoding).read().decode("utf-8-sig", "surrogateescape")
        )
        return text if self.is_all else text[: text.rfind("\n") + 1] or text


def read_head(file: InputFile) -> Head:
    """Reads the head of a file; further only where it is nothing but ASCII.

    Args:
        file: Of text.

    Raises:
        RunError: It cannot be read.
    """
    sample = bytearray()
    with open_packed(file) as stream:
        start = block = stream.read(_BLOCK) + stream.readline(_BLOCK)
        read = found = 0
        while block:
            read += len(block)
            for line in () if block.isascii() else block.splitlines(keepends=True):
                if found < _ENOUGH and not line.isascii():
                    sample += line
                    found += len(line) - len(line.translate(None, BEYOND_ASCII))
            # Of UTF-16, nothing but its start is looked at.
            if found >= _ENOUGH or read >= _FARTHEST or b"\0" in start:
                break
            block = stream.read(_BLOCK) + stream.readline(_BLOCK)
    return Head(start, len(start) < _BLOCK, bytes(sample))
