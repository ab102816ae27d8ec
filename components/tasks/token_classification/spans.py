"""The feature `spans`: the entities of a text as one line, and the same of a model's answer.

`start:end:type` each, with a space between them and in the order of the text: characters, and the
index of the type.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np


def spans_text(entities: Iterable[Sequence[int]]) -> str:
    """Writes entities as one line.

    Args:
        entities: Start, end and type of each.

    Example:
        >>> spans_text([(4, 8, 0), (13, 20, 1)])
        '4:8:0 13:20:1'
    """
    return " ".join([f"{start}:{end}:{kind}" for start, end, kind in entities])


def entity_rows(lines: Iterable[str]) -> np.ndarray:
    """Reads the entities of some texts.

    Args:
        lines: One of each text.

    Returns:
        Text, start, end and type of each entity, int64 [n, 4], as the figures are computed of.

    Example:
        >>> entity_rows(["4:8:0 13:20:1", "", "0:5:1"]).tolist()
        [[0, 4, 8, 0], [0, 13, 20, 1], [2, 0, 5, 1]]
    """
    rows = [
        (text, *map(int, span.split(":")))
        for text, line in enumerate(lines)
        for span in line.split()
    ]
    return np.array(rows, np.int64).reshape(-1, 4)
