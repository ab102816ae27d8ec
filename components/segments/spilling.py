"""Word pieces on their way from where they are made to where they are packed: in files.

A shuffle of Beam may hold in memory what crosses it. So a task writes the documents of its
buckets into a file, and what crosses is where they stand.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from ..spill_files import SpillFile, read_spilled
from .packing import Documents

# So much is held before it is written: more, and each bucket has fewer pieces in a file.
_HELD_BYTES = 64 << 20


class Piece(NamedTuple):
    """Where some documents of a bucket stand.

    Attributes:
        path: Of the file.
        offset: Of the first byte.
        documents: How many there are.
        sentences: All of theirs.
        pieces: All of theirs.
    """

    path: str
    offset: int
    documents: int
    sentences: int
    pieces: int


class Spiller:
    """Writes documents by their buckets.

    Args:
        folder: Where the file goes; must exist.
        buckets: How many there are.
        dtype: Of the ids of pieces.
    """

    def __init__(self, folder: str, buckets: int, dtype: np.dtype):
        self._file = SpillFile(folder)
        self._dtype = dtype
        self._buckets = [_Held() for _ in range(buckets)]
        self._held = 0

    def add(self, bucket: int, digest: bytes, lengths: np.ndarray, ids: np.ndarray) -> None:
        """Takes a document.

        Args:
            bucket: Its number.
            digest: 16 bytes by which the documents of a bucket are put in their order.
            lengths: Pieces of each sentence, from 1.
            ids: Of the pieces.
        """
        held = self._buckets[bucket]
        held.digests.append(digest)
        held.counts.append(len(lengths))
        held.lengths.append(lengths)
        held.ids.append(ids)
        self._held += 16 + 4 * (len(lengths) + len(ids))

    def full(self) -> Iterator[tuple[int, Piece]]:
        """Yields `(bucket, piece)` of what is written, once enough is held."""
        if self._held > _HELD_BYTES:
            yield from self.rest()

    def rest(self) -> Iterator[tuple[int, Piece]]:
        """Yields `(bucket, piece)` of all that is held, which is written."""
        for number, held in enumerate(self._buckets):
            if held.digests:
                yield number, self._write(held)
                self._buckets[number] = _Held()
        self._held = 0

    def close(self) -> None:
        """Finishes the file."""
        self._file.close()

    def _write(self, held: _Held) -> Piece:
        lengths, ids = np.concatenate(held.lengths), np.concatenate(held.ids)
        arrays = [
            np.array(held.counts, np.uint32),
            lengths.astype(np.uint32),
            ids.astype(self._dtype),
        ]
        written = b"".join([*held.digests, *(array.tobytes() for array in arrays)])
        offset = self._file.write(written)
        return Piece(self._file.path, offset, len(held.counts), len(lengths), len(ids))


class _Held:
    """What is not written yet of a bucket."""

    def __init__(self):
        self.digests: list[bytes] = []
        self.counts: list[int] = []
        self.lengths: list[np.ndarray] = []
        self.ids: list[np.ndarray] = []


def read_documents(pieces: Iterable[Piece], dtype: np.dtype) -> Documents:
    """Reads the documents of a bucket.

    Args:
        pieces: All of them, in any order.
        dtype: Of the ids.

    Returns:
        The documents, in the order of their digests.
    """
    read = [_read(piece, dtype) for piece in sorted(pieces)]
    digests, counts, lengths, ids = (np.concatenate(parts) for parts in zip(*read, strict=True))
    order = np.lexsort((digests["low"], digests["high"]))
    counts, lengths = counts.astype(np.int64), lengths.astype(np.int64)
    sizes = np.add.reduceat(lengths, np.cumsum(counts) - counts)
    sentences = _gathered(counts, order)
    return Documents(
        ids[_gathered(sizes, order)],
        np.cumsum(lengths[sentences]),
        np.cumsum(sizes[order]),
    )


def _gathered(sizes: np.ndarray, order: np.ndarray) -> np.ndarray:
    """Places of the members of groups of some sizes, in another order of the groups."""
    starts = np.cumsum(sizes) - sizes
    sizes = sizes[order]
    shifts = starts[order] - (np.cumsum(sizes) - sizes)
    return np.arange(sizes.sum()) + np.repeat(shifts, sizes)


_DIGEST = np.dtype([("high", ">u8"), ("low", ">u8")])


def _read(piece: Piece, dtype: np.dtype) -> tuple[np.ndarray, ...]:
    number = np.dtype(np.uint32)
    kinds: list[tuple[np.dtype, int]] = [(_DIGEST, piece.documents), (number, piece.documents)]
    kinds += [(number, piece.sentences), (dtype, piece.pieces)]
    size = sum(kind.itemsize * count for kind, count in kinds)
    content = read_spilled(piece.path, piece.offset, size)
    arrays, offset = [], 0
    for kind, count in kinds:
        arrays.append(np.frombuffer(content, kind, count, offset))
        offset += kind.itemsize * count
    return tuple(arrays)
