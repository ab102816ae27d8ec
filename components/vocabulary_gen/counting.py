"""Counts words in memory that does not grow with the text."""

from __future__ import annotations

import collections
import heapq
import itertools
import os
import struct
from collections.abc import Iterable, Iterator

# Different words that are counted in memory, some 200 MB of them.
_MOST_IN_MEMORY = 1_000_000
# No vocabulary has longer pieces, and what is longer is seldom a word.
_LONGEST_WORD = 200
# Before each word in a file: its count, and how many bytes it has.
_HEAD = struct.Struct("<QI")


def count_words(
    batches: Iterable[list[bytes]],
    most: int,
    scratch: str,
    most_in_memory: int = _MOST_IN_MEMORY,
) -> list[tuple[str, int]]:
    """Counts words exactly, however many different ones there are.

    When there are too many of them for memory their counts so far go to a file in the order of
    the words; in the end the files are added up side by side.

    Args:
        batches: All words, in any order and division; those of over 200 bytes are left out.
        most: Different words that are given back, the most frequent ones; of equally frequent
            ones those that come first by their bytes.
        scratch: Folder for the files, there already.
        most_in_memory: Different words that are counted before they go to a file.

    Returns:
        Words, all valid UTF-8, and their counts, in the order of the words.

    Raises:
        OSError: The files cannot be written.

    Example:
        >>> count_words([[b"so", b"good"], [b"so"]], 1, "scratch")
        [('so', 2)]
    """
    files: list[str] = []
    counts: collections.Counter[bytes] = collections.Counter()
    for words in batches:
        counts.update(word for word in words if len(word) <= _LONGEST_WORD)
        if len(counts) > most_in_memory:
            files.append(os.path.join(scratch, f"words-{len(files)}"))
            _write(counts, files[-1])
            counts.clear()
    merged = heapq.merge(sorted(counts.items()), *map(_read, files))
    totals = (
        (word, sum(count for _, count in found))
        for word, found in itertools.groupby(merged, key=lambda item: item[0])
    )
    frequent = heapq.nsmallest(most, totals, key=lambda item: (-item[1], item[0]))
    return [(word.decode(), count) for word, count in sorted(frequent)]


def _write(counts: collections.Counter[bytes], path: str) -> None:
    with open(path, "wb") as file:
        for word, count in sorted(counts.items()):
            file.write(_HEAD.pack(count, len(word)) + word)


def _read(path: str) -> Iterator[tuple[bytes, int]]:
    with open(path, "rb") as file:
        while head := file.read(_HEAD.size):
            count, length = _HEAD.unpack(head)
            yield file.read(length), count
