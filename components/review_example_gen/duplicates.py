"""Finding equal texts among any number of rows, by 34 bytes of each row."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator

import numpy as np

DUPLICATE = 1
CONTRADICTORY = 2

# Texts are dealt to this many buckets by their hash; each bucket is settled on its own.
BUCKETS = 64

_FINGERPRINT = struct.Struct("<16sHIIQ")
_FINGERPRINT_TYPE = np.dtype(
    [("low", "<u8"), ("high", "<u8"), ("label", "<u2")]
    + [("task", "<u4"), ("file", "<u4"), ("row", "<u8")]
)
_VERDICT_TYPE = np.dtype([("file", "<u4"), ("row", "<u8"), ("verdict", "u1")])
_CHUNK = 2048 * _FINGERPRINT.size


class FingerprintBuckets:
    """Collects what identifies texts, in pieces small enough for a Beam shuffle."""

    def __init__(self):
        self._buckets = [bytearray() for _ in range(BUCKETS)]

    def add(self, text: str, label: int, place: tuple[int, int, int]) -> tuple[int, bytes] | None:
        """Adds a text.

        Args:
            text: Cleaned text; equal texts are duplicates.
            label: Index of its class.
            place: Numbers of the task, the file and the row.

        Returns:
            `(bucket, fingerprints)` when enough are collected to be sent on, else None.
        """
        digest = hashlib.blake2b(text.encode(), digest_size=16).digest()
        number = digest[0] % BUCKETS
        bucket = self._buckets[number]
        bucket += _FINGERPRINT.pack(digest, label, *place)
        if len(bucket) < _CHUNK:
            return None
        self._buckets[number] = bytearray()
        return number, bytes(bucket)

    def rest(self) -> Iterator[tuple[int, bytes]]:
        """Yields `(bucket, fingerprints)` of all that was not sent on yet."""
        for number, bucket in enumerate(self._buckets):
            if bucket:
                yield number, bytes(bucket)


def settle(fingerprints: bytes) -> Iterator[tuple[int, bytes]]:
    """Decides which rows of a bucket go: later copies, and texts of several classes.

    Args:
        fingerprints: All of one bucket, joined in any order.

    Yields:
        `(task, verdicts)`: the rows of a task that go, for `read_verdicts`. The first row of
        a text, by file and row, stays if all its copies have one class.
    """
    found = np.frombuffer(fingerprints, _FINGERPRINT_TYPE)
    found = found[np.lexsort((found["row"], found["file"], found["low"], found["high"]))]
    is_first = np.ones(len(found), bool)
    is_first[1:] = (found["low"][1:] != found["low"][:-1]) | (
        found["high"][1:] != found["high"][:-1]
    )
    starts = np.flatnonzero(is_first)
    differs = np.minimum.reduceat(found["label"], starts) != np.maximum.reduceat(
        found["label"], starts
    )
    contradictory = differs[np.cumsum(is_first) - 1]
    verdicts = np.empty(len(found), _VERDICT_TYPE)
    verdicts["file"], verdicts["row"] = found["file"], found["row"]
    verdicts["verdict"] = np.where(contradictory, CONTRADICTORY, DUPLICATE)
    goes = contradictory | ~is_first
    for task in np.unique(found["task"][goes]):
        yield int(task), verdicts[goes & (found["task"] == task)].tobytes()


class Verdicts:
    """What was decided about the rows of one task, asked in the order of the rows.

    Args:
        verdicts: What `settle` yielded for the task, joined in any order.
    """

    def __init__(self, verdicts: bytes):
        found = np.frombuffer(verdicts, _VERDICT_TYPE)
        found = found[np.lexsort((found["row"], found["file"]))]
        self._rest = (row.item() for row in found)
        self._next = next(self._rest, None)

    def of(self, file: int, row: int) -> int:
        """Returns `DUPLICATE`, `CONTRADICTORY` or 0; rows are asked for in their order."""
        if self._next is None or self._next[:2] != (file, row):
            return 0
        verdict = self._next[2]
        self._next = next(self._rest, None)
        return verdict

    def all_used(self) -> bool:
        """Whether every row that something was decided about was asked for."""
        return self._next is None
