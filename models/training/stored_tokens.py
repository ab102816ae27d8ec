"""Token ids that stay on disk: texts of any size take no more memory than a batch of them."""

from __future__ import annotations

import os
from typing import BinaryIO

import numpy as np


class StoredTokens:
    """The ids of many texts in a file, indexed as an array of them would be.

    What is asked for is read, and nothing of it is kept: unlike the pages of a file that is mapped
    into the memory, it does not add up. Several threads may read at once.

    Args:
        file: Open for reading, of this machine, with int32 numbers and nothing else; it may have
            no name any more.

    Example:
        >>> with open("ids", "w+b") as file:
        ...     np.array([5, 6, 7, 8], np.int32).tofile(file)
        ...     tokens = StoredTokens(file)
        ...     tokens[1:3], tokens[np.array([3, 0])]
        (array([6, 7], dtype=int32), array([8, 5], dtype=int32))
    """

    dtype = np.dtype(np.int32)

    def __init__(self, file: BinaryIO):
        # The file is kept, as it closes with the last that refers to it.
        self._file = file
        file.flush()
        self._count = os.fstat(file.fileno()).st_size // self.dtype.itemsize

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, places: slice | np.ndarray) -> np.ndarray:
        """Reads some of the ids.

        Args:
            places: Where they are, int [n], or of each whether it is wanted, or a slice without
                a step. Neighbours are read at once.

        Returns:
            The ids in that order, int32 [n].
        """
        if isinstance(places, slice):
            start, end, _ = places.indices(self._count)
            return self._read(start, max(end - start, 0))
        if places.dtype == bool:
            places = np.flatnonzero(places)
        if not len(places):
            return np.zeros(0, self.dtype)
        firsts = np.concatenate([[0], np.flatnonzero(np.diff(places) != 1) + 1])
        lengths = np.diff([*firsts, len(places)])
        starts = places[firsts]
        runs = zip(starts.tolist(), lengths.tolist(), strict=True)
        return np.concatenate([self._read(start, length) for start, length in runs])

    def _read(self, start: int, count: int) -> np.ndarray:
        size = self.dtype.itemsize
        content = os.pread(self._file.fileno(), count * size, start * size)
        if len(content) != count * size:
            raise IndexError(f"{count} ids from {start} on are not in a file of {self._count}")
        return np.frombuffer(content, self.dtype)
