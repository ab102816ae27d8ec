"""The feature `spans`: parts of a text as one line, and the same of what a model finds.

`start:end` each, or `start:end:type` of entities, with a space between them: characters of the
text, and the index of the type.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np


def spans_text(spans: Iterable[Sequence[int]]) -> str:
    """Writes parts of a text as one line.

    Args:
        spans: Start and end of each, and its type where it has one.

    Example:
        >>> spans_text([(4, 8, 0), (13, 20, 1)]), spans_text([(4, 8)])
        ('4:8:0 13:20:1', '4:8')
    """
    return " ".join([":".join(map(str, span)) for span in spans])


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
