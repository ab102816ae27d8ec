"""Tells examples apart by the values of a column."""

from __future__ import annotations

import numpy as np


def rows_of_values(values: np.ndarray, most: int = 30) -> tuple[list[tuple[str, np.ndarray]], int]:
    """Finds the examples with each value, those of which there are most first.

    Args:
        values: Of the examples, objects [n]; None where there is none, which counts as "".
        most: How many values are told of.

    Returns:
        Each value with the places of its examples, ascending; and how many values were left out.

    Example:
        >>> found, left_out = rows_of_values(np.array(["a", "b", "a", None], object), most=2)
        >>> [(value, rows.tolist()) for value, rows in found], left_out
        ([('a', [0, 2]), ('', [3])], 1)
    """
    names = np.array(["" if value is None else str(value) for value in values], object)
    found, codes, sizes = np.unique(names, return_inverse=True, return_counts=True)
    order = np.argsort(codes, kind="stable")
    starts = np.concatenate([[0], np.cumsum(sizes)])
    told = [
        (str(found[code]), order[starts[code] : starts[code + 1]])
        for code in np.argsort(-sizes, kind="stable")[:most]
    ]
    return told, max(0, len(found) - most)
