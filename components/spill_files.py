"""What goes from one step of Beam's to the next in a file, not in the memory of a shuffle."""

from __future__ import annotations

import os
import uuid
from typing import Any

from tfx.dsl.io import fileio


class SpillFile:
    """A file of a worker's own, which is there once something is written.

    Args:
        folder: Where it goes; must exist. Its name is the writer's own, so that a worker that
            died and its successor do not meet.
    """

    def __init__(self, folder: str):
        self.path = os.path.join(folder, f"{uuid.uuid4().hex}.spilled")
        self._stream: Any = None
        self._size = 0

    def write(self, content: bytes) -> int:
        """Appends something; returns where it begins."""
        if self._stream is None:
            self._stream = fileio.open(self.path, "wb")
        self._stream.write(content)
        self._size += len(content)
        return self._size - len(content)

    def close(self) -> None:
        """Finishes the file."""
        if self._stream is not None:
            self._stream.close()


def read_spilled(path: str, offset: int, size: int) -> bytes:
    """Reads what was written.

    Args:
        path: Of the file, which is finished.
        offset: Where it begins.
        size: Bytes of it.
    """
    with fileio.open(path, "rb") as stream:
        stream.seek(offset)
        return stream.read(size)
