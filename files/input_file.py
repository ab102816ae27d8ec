"""A file of rows, as whoever finds it hands it to whoever reads it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import BinaryIO

from .dialect import Dialect


@dataclasses.dataclass(frozen=True)
class InputFile:
    """One file of rows.

    Attributes:
        path: Where it is read from.
        name: What messages and ids call it: its path below the folder that was named.
        format: Name of a registered `formats.Format`.
        compression: One of `compression.COMPRESSIONS`, or "" for a plain file.
        size: Bytes on disk.
        opener: Opens a path for reading bytes where it is none of this machine; None where it
            is. A function of a module, so that processes elsewhere find it by its name.
        dialect: How its rows are written.
    """

    path: str
    name: str
    format: str
    compression: str
    size: int
    opener: Callable[[str], BinaryIO] | None = None
    dialect: Dialect = Dialect()

    def open(self) -> BinaryIO:
        """Opens the file as it lies there, packed or not."""
        return self.opener(self.path) if self.opener else open(self.path, "rb")
