"""Rows of given splits, on their way to the pipeline and back, as `tasks.py` needs them."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from reviewlens.components.review_example_gen.settings import SPLITS
from reviewlens.components.review_example_gen.splitting import Splitter

# Sizes do not matter where each split has a group of its own.
SIZES = dict.fromkeys(SPLITS, 1)


def draw(rows: Mapping[str, Sequence[Any]], most: int | None) -> dict[str, Sequence[Any]]:
    """At most so many rows of each split, drawn at random; all with None."""
    return {
        split: found
        if most is None or len(found) <= most
        else [found[at] for at in sorted(random.Random(0).sample(range(len(found)), most))]
        for split, found in rows.items()
    }


def write_rows(path: str, rows: Mapping[str, Iterable[Mapping[str, Any]]]) -> None:
    """Writes JSON Lines for `reviewlens run`, of which each row gets into the split it is from.

    Each has an `id`, which is `SPLIT NUMBER`, and a `group` beside its own columns.

    Args:
        path: Of the file.
        rows: Of each split, by column.
    """
    splitter = Splitter(SIZES)
    with open(path, "w", encoding="utf-8") as file:
        for split, found in rows.items():
            names = (f"{split}, {number}" for number in itertools.count())
            group = next(name for name in names if splitter.split_of(name) == split)
            for number, row in enumerate(found):
                print(json.dumps({"id": f"{split} {number}", **row, "group": group}), file=file)
