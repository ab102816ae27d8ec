"""What a run has read: some of its texts, and some of the rows that it could not use.

All of it is bounded: a file of millions of rows has a sample of the same size as one of thousands,
and of a text of a megabyte the beginning is kept.
"""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ....components.example_values import (
    example_values,
    examples_files,
    sample_records,
)
from ....errors import RunError

# How many texts are looked at, by split.
MOST = {"train": 4000, "eval": 1500, "test": 1500}
# Characters of a text that are kept, and of a rejected row.
_KEPT, _SHOWN = 20_000, 2_000
_REJECTED_READ = 1 << 26
_LONGEST_LINE = 1 << 25


@dataclasses.dataclass(frozen=True)
class SampledText:
    """A text that was read.

    Attributes:
        split: That it is in.
        text: Its beginning.
        characters: How long it is as a whole.
        slices: By the name of a slice column what it says.
    """

    split: str
    text: str
    characters: int
    slices: Mapping[str, str]


@dataclasses.dataclass(frozen=True)
class Sample:
    """Some of the texts that were read.

    Attributes:
        rows: By split how many there are.
        texts: Those that were taken.
    """

    rows: Mapping[str, int]
    texts: Sequence[SampledText]

    @property
    def is_all(self) -> bool:
        """Whether no text was left out."""
        return len(self.texts) == sum(self.rows.values())


def sample_of_examples(
    folder: str, slices: Sequence[str] = (), most: Mapping[str, int] = MOST
) -> Sample:
    """Takes some of the examples of a run, the same ones whenever it is asked.

    Args:
        folder: Of the artifact `examples`, on this machine.
        slices: Names of the slice columns.
        most: By split how many are taken at most.

    Raises:
        RunError: A file of examples is damaged.
    """
    rows, texts = {}, []
    for split, some in most.items():

        def make(record: bytes, split: str = split) -> SampledText:
            try:
                values = example_values(record)
            except ValueError as error:
                raise RunError(f"{folder}: {error}") from None
            return sampled(
                split, _text(values, "text"), {name: _text(values, name) for name in slices}
            )

        rows[split], taken = sample_records(examples_files(folder, split), some, make)
        texts += taken
    return Sample({split: count for split, count in rows.items() if count}, texts)


def sampled(split: str, text: str, slices: Mapping[str, str]) -> SampledText:
    """What is kept of a text.

    Args:
        split: That it is in.
        text: As a whole.
        slices: By the name of a slice column what it says.
    """
    return SampledText(split, text[:_KEPT], len(text), slices)


@dataclasses.dataclass(frozen=True)
class RejectedRow:
    """A row that could not be used.

    Attributes:
        file: Name of its file.
        row: Its number in that.
        detail: Why not, in words.
        raw: The beginning of what it says.
    """

    file: str
    row: int
    detail: str
    raw: str


def rejected_rows(folder: str, each: int = 3) -> dict[str, list[RejectedRow]]:
    """Reads some of the rows that could not be used.

    Args:
        folder: Of the artifact `rejected`, on this machine.
        each: How many of each reason are kept, the first ones.

    Returns:
        By reason. What comes after the first 64 MiB of the files is not looked at.

    Raises:
        RunError: A file is damaged.
    """
    found: dict[str, list[RejectedRow]] = {}
    left = _REJECTED_READ
    names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    for path in (os.path.join(folder, name) for name in names if name.endswith(".jsonl")):
        with open(path, encoding="utf-8") as file:
            while left > 0 and (line := file.readline(_LONGEST_LINE)):
                left -= len(line)
                try:
                    row = json.loads(line)
                    kept = found.setdefault(row["reason"], [])
                    if len(kept) < each:
                        kept.append(
                            RejectedRow(row["file"], row["row"], row["detail"], _raw(row["raw"]))
                        )
                except (ValueError, KeyError, TypeError) as error:
                    raise RunError(f"{path}: is damaged: {error}") from None
    return found


def common_values(values: Iterable[str], most: int) -> tuple[list[tuple[str, int]], int]:
    """Counts what is there how often.

    Args:
        values: Such as those of a slice column.
        most: How many are told.

    Returns:
        The most frequent ones with how often they are there, and how many others there are.

    Example:
        >>> common_values(["shoes", "dresses", "shoes", "hats"], 2)
        ([('shoes', 2), ('dresses', 1)], 1)
    """
    counts: dict[str, int] = {}
    for value in values:
        counts[value] = counts.get(value, 0) + 1
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return ordered[:most], max(0, len(ordered) - most)


def _text(values: Mapping[str, Any], name: str) -> str:
    found = values.get(name) or [""]
    return found[0].decode("utf-8", "replace") if isinstance(found[0], bytes) else str(found[0])


def _raw(raw: dict[str, str] | str) -> str:
    """A row on one line, without its empty cells."""
    if isinstance(raw, dict):
        raw = ", ".join(f"{name}={value[:_SHOWN]}" for name, value in raw.items() if value)
    return raw[:_SHOWN]
