"""Finding equal texts among any number of rows, by 34 bytes of each row."""

from __future__ import annotations

import hashlib
import itertools
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from .settings import REJECT, SOFT
from .verdicts import (
    CONTRADICTORY,
    DUPLICATE,
    GRADED,
    MERGED,
    OF_MAJORITY,
    STAYS,
    TIED,
    UNDECIDED,
)

# Texts are dealt to this many buckets by their hash; each bucket is settled on its own.
BUCKETS = 64

_FINGERPRINT = struct.Struct("<16sHIIQ")
_FINGERPRINT_TYPE = np.dtype(
    [("low", "<u8"), ("high", "<u8"), ("grade", "<u2")]
    + [("task", "<u4"), ("file", "<u4"), ("row", "<u8")]
)
# Beside the grade there is a bit for whether a row without a majority may stay.
_TEACHES = 1 << 15
_VERDICT_TYPE = np.dtype([("file", "<u4"), ("row", "<u8"), ("verdict", "u1")])
_COPIES_TYPE = np.dtype([("file", "<u4"), ("row", "<u8"), ("grade", "<u2"), ("copies", "<u4")])
_CHUNK = 2048 * _FINGERPRINT.size


class FingerprintBuckets:
    """Collects what identifies texts, in pieces small enough for a Beam shuffle."""

    def __init__(self):
        self._buckets = [bytearray() for _ in range(BUCKETS)]

    def add(
        self,
        text: str,
        grade: int,
        place: tuple[int, int, int],
        teaches: bool = False,
        apart: str = "",
    ) -> tuple[int, bytes] | None:
        """Adds a text.

        Args:
            text: Cleaned text; equal texts are duplicates.
            grade: Index of its grade, below 32,768.
            place: Numbers of the task, the file and the row.
            teaches: Whether the text may become an example though its kinds tie.
            apart: What tells equal texts apart, such as a question about them.

        Returns:
            `(bucket, fingerprints)` when enough are collected to be sent on, else None.
        """
        hashed = hashlib.blake2b(text.encode(), digest_size=16)
        if apart:
            # No UTF-8 has this byte, so nothing moves across it unnoticed.
            hashed.update(b"\xff" + apart.encode())
        digest = hashed.digest()
        number = digest[0] % BUCKETS
        bucket = self._buckets[number]
        bucket += _FINGERPRINT.pack(digest, grade | _TEACHES if teaches else grade, *place)
        if len(bucket) < _CHUNK:
            return None
        self._buckets[number] = bytearray()
        return number, bytes(bucket)

    def rest(self) -> Iterator[tuple[int, bytes]]:
        """Yields `(bucket, fingerprints)` of all that was not sent on yet."""
        for number, bucket in enumerate(self._buckets):
            if bucket:
                yield number, bytes(bucket)


class Settled(NamedTuple):
    """What was decided about rows of one task, for `Verdicts`.

    Attributes:
        verdicts: Of each row that does not just stay.
        copies: Of each row that stays for a text of several grades, how often each one occurs.
    """

    verdicts: bytes
    copies: bytes


def settle(
    fingerprints: bytes, kinds: Sequence[int], contradictory: str
) -> Iterator[tuple[int, Settled]]:
    """Decides which row of each text of a bucket stays, and for what.

    The most frequent kind of a text is its own, and of that kind the most frequent grade, of
    two such the one that comes first. The first row of that grade, by file and row, stays.
    Where kinds tie, the first row of the text stays if it may, or all of its rows go.

    Args:
        fingerprints: All of one bucket, joined in any order.
        kinds: The kind of each grade.
        contradictory: See `DataSettings.contradictory`: with `soft` the copies of each grade
            are told; with `reject` texts of several kinds go, and of the others the first row
            stays.

    Yields:
        `(task, what was decided about its rows)`.
    """
    found = np.frombuffer(fingerprints, _FINGERPRINT_TYPE)
    found = found[np.lexsort((found["row"], found["file"], found["low"], found["high"]))]
    is_first = np.ones(len(found), bool)
    is_first[1:] = (found["low"][1:] != found["low"][:-1]) | (
        found["high"][1:] != found["high"][:-1]
    )
    starts = np.flatnonzero(is_first)
    text = np.cumsum(is_first) - 1
    grade = found["grade"] & (_TEACHES - 1)
    if contradictory == REJECT:
        # The kinds alone count, and of grades the first one.
        grade = np.asarray(kinds, np.uint16)[grade]
    differs = np.minimum.reduceat(grade, starts) != np.maximum.reduceat(grade, starts)

    verdict = np.where(is_first, STAYS, DUPLICATE).astype(np.uint8)
    stays, grades, copies = (np.zeros(0, np.int64) for _ in range(3))
    rows = np.flatnonzero(differs[text])
    if contradictory == REJECT:
        verdict[rows] = CONTRADICTORY
    elif len(rows):
        teaches = found["grade"][rows] >= _TEACHES
        verdict[rows], stays, grades, copies = _weigh(text[rows], grade[rows], kinds, teaches)
        stays = rows[stays]
    told = np.zeros(len(stays) if contradictory == SOFT else 0, _COPIES_TYPE)
    if contradictory == SOFT:
        told["file"], told["row"] = found["file"][stays], found["row"][stays]
        told["grade"], told["copies"] = grades, copies
    elif len(rows):
        verdict[verdict == GRADED] = STAYS

    verdicts = np.empty(len(found), _VERDICT_TYPE)
    verdicts["file"], verdicts["row"] = found["file"], found["row"]
    verdicts["verdict"] = verdict
    decided = verdict != STAYS
    for task in np.unique(found["task"][decided]):
        of_task = verdicts[decided & (found["task"] == task)]
        copies_of_task = told[found["task"][stays] == task] if len(told) else told
        yield int(task), Settled(of_task.tobytes(), copies_of_task.tobytes())


def _weigh(
    text: npt.NDArray, grade: npt.NDArray, kinds: Sequence[int], teaches: npt.NDArray
) -> tuple[npt.NDArray, npt.NDArray, npt.NDArray, npt.NDArray]:
    """Judges the rows of texts of several grades, in the order of texts and then of rows.

    Returns the verdict of each row; and, for each grade of each text that stays, the row that
    stays, the grade and its copies.
    """
    # Of each text and grade: the row that comes first, and how many there are.
    pairs, first, copies = np.unique(text << 16 | grade, return_index=True, return_counts=True)
    of_text, grades = pairs >> 16, pairs & 0xFFFF
    starts = _starts(of_text)
    # The same of each text and kind.
    by_kind, kind_of = np.unique(
        of_text << 16 | np.asarray(kinds, np.int64)[grades], return_inverse=True
    )
    votes = np.bincount(kind_of, copies)
    kind_starts = _starts(by_kind >> 16)
    number = np.diff(kind_starts, append=len(by_kind))
    wins = votes == np.repeat(np.maximum.reduceat(votes, kind_starts), number)
    several = number > 1
    tied = np.add.reduceat(wins, kind_starts, dtype=np.int64) > 1

    number = np.diff(starts, append=len(pairs))
    own = np.where(wins[kind_of], copies, 0)
    best = own == np.repeat(np.maximum.reduceat(own, starts), number)
    # No row is further than the last one.
    stays = np.minimum.reduceat(np.where(best, first, len(text)), starts)
    stays = np.where(tied, np.minimum.reduceat(first, starts), stays)
    goes = tied & ~teaches[stays]

    size = np.add.reduceat(copies, starts)
    later = np.where(goes, TIED, np.where(several, MERGED, DUPLICATE))
    verdict = np.repeat(later, size).astype(np.uint8)
    chosen = np.where(tied, UNDECIDED, np.where(several, OF_MAJORITY, GRADED))
    verdict[stays[~goes]] = chosen[~goes]
    kept = np.repeat(~goes, number)
    return verdict, np.repeat(stays, number)[kept], grades[kept], copies[kept]


def _starts(sorted_values: npt.NDArray) -> npt.NDArray:
    """Where each run of equal values begins."""
    return np.flatnonzero(np.concatenate([[True], sorted_values[1:] != sorted_values[:-1]]))


class Verdict(NamedTuple):
    """What was decided about a row.

    Attributes:
        what: `DUPLICATE`, `MERGED`, `CONTRADICTORY` or `TIED` of one that goes; `STAYS`,
            `GRADED`, `OF_MAJORITY` or `UNDECIDED` of one that stays.
        copies: Grade -> rows of it, where the copies of a text that stays are of several.
    """

    what: int
    copies: Mapping[int, int] = {}


_JUST_STAYS = Verdict(STAYS)


class Verdicts:
    """What was decided about the rows of one task, asked in the order of the rows.

    Args:
        settled: What `settle` yielded for the task, in any order.
    """

    def __init__(self, settled: Iterable[tuple[bytes, bytes]]):
        verdicts, copies = [], []
        for some_verdicts, some_copies in settled:
            verdicts.append(some_verdicts)
            copies.append(some_copies)
        self._rest = _in_order(verdicts, _VERDICT_TYPE)
        self._copies = itertools.groupby(_in_order(copies, _COPIES_TYPE), lambda row: row[:2])
        self._next = next(self._rest, None)
        self._next_copies = next(self._copies, None)

    def of(self, file: int, row: int) -> Verdict:
        """Returns what was decided; rows are asked for in their order."""
        if self._next is None or self._next[:2] != (file, row):
            return _JUST_STAYS
        what = self._next[2]
        self._next = next(self._rest, None)
        if self._next_copies is None or self._next_copies[0] != (file, row):
            return Verdict(what)
        copies = {grade: number for *_, grade, number in self._next_copies[1]}
        self._next_copies = next(self._copies, None)
        return Verdict(what, copies)

    def all_used(self) -> bool:
        """Whether every row that something was decided about was asked for."""
        return self._next is None


def _in_order(parts: list[bytes], kind: np.dtype) -> Iterator[tuple]:
    """Records by file and row."""
    found = np.frombuffer(b"".join(parts), kind)
    found = found[np.lexsort((found["row"], found["file"]))]
    return (row.item() for row in found)
