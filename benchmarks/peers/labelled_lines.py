"""Files of one review a line, `class TAB grade TAB text`, as `ngrams.py` writes them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator


def lines_of(path: str) -> Iterator[tuple[int, int, str]]:
    """The reviews of a file: class, grade, text.

    Args:
        path: Of the file.
    """
    with open(path, encoding="utf-8", newline="\n") as file:
        for line in file:
            label, grade, text = line.rstrip("\n").split("\t", 2)
            yield int(label), int(grade), text


def batches_of(path: str, size: int) -> Iterator[list[tuple[int, int, str]]]:
    """The same, so many at a time.

    Args:
        path: Of the file.
        size: Of a batch; the last one may be smaller.
    """
    lines = lines_of(path)
    while batch := list(itertools.islice(lines, size)):
        yield batch
