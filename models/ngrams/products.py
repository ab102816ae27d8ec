"""Products of many texts' n-grams with weights, in parts that several threads compute."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

# Features in a part at least. How the texts are divided decides how the sums are rounded, so it
# must not follow from the number of processors.
_SMALLEST, _OF_COLUMNS = 2**20, 16


class TextProducts:
    """The texts as a sparse matrix: a row for each text, its n-grams counted.

    Only the ids are kept, 4 bytes for each n-gram; SciPy takes a part of them as they are.

    Args:
        ids: Columns of all texts, one after the other, int32 [total].
        row_splits: Where each text begins in `ids`, and the end, int64 [n + 1].
        columns: How many columns there are.

    Example:
        >>> texts = TextProducts(np.array([0, 2, 2], np.int32), np.array([0, 2, 3]), columns=3)
        >>> texts.times(np.array([[1.0], [2.0], [4.0]], np.float32)).ravel()
        array([5., 4.], dtype=float32)
        >>> texts.transposed_times(np.array([[1.0], [10.0]], np.float32)).ravel()
        array([ 1.,  0., 11.], dtype=float32)
    """

    def __init__(self, ids: np.ndarray, row_splits: np.ndarray, columns: int):
        self._ids = ids
        self._row_splits = row_splits
        self._columns = columns
        # So many that to add up what they give takes little beside computing it.
        size = max(_SMALLEST, _OF_COLUMNS * columns)
        starts = np.arange(0, max(len(ids), 1), size)
        bounds = np.searchsorted(row_splits, starts).tolist()
        bounds = sorted({0, *bounds, len(row_splits) - 1})
        self._parts = list(zip(bounds, bounds[1:], strict=False))
        most = max((row_splits[end] - row_splits[start] for start, end in self._parts), default=0)
        # Each n-gram counts once where it stands, in every part.
        self._ones = np.ones(most, np.float32)

    def __len__(self) -> int:
        return len(self._row_splits) - 1

    def times(self, weights: np.ndarray) -> np.ndarray:
        """The sum of the weights of each text's n-grams.

        Args:
            weights: float32 [columns, k].

        Returns:
            float32 [n, k].
        """

        def part(start: int, end: int) -> np.ndarray:
            return self._part(start, end) @ weights

        empty = np.zeros((0, weights.shape[1]), np.float32)
        return np.concatenate([empty, *self._of_parts(part)])

    def transposed_times(self, values: np.ndarray) -> np.ndarray:
        """For each n-gram the sum of the values of the texts that have it.

        Args:
            values: float32 [n, k].

        Returns:
            float32 [columns, k].
        """

        def part(start: int, end: int) -> np.ndarray:
            return self._part(start, end).T @ values[start:end]

        total = np.zeros((self._columns, values.shape[1]), np.float32)
        for found in self._of_parts(part):
            total += found
        return total

    def _part(self, start: int, end: int) -> csr_matrix:
        splits = self._row_splits[start : end + 1]
        ids = self._ids[splits[0] : splits[-1]]
        # Indices of 64 bits would be copies.
        starts = (splits - splits[0]).astype(np.int32)
        shape = (end - start, self._columns)
        return csr_matrix((self._ones[: len(ids)], ids, starts), shape)

    def _of_parts(self, compute: Callable[[int, int], Any]) -> Iterator[Any]:
        """What each part gives, in their order, few of them at a time."""
        workers = min(os.cpu_count() or 1, len(self._parts))
        if workers < 2:
            yield from (compute(*part) for part in self._parts)
            return
        with ThreadPoolExecutor(workers) as pool:
            for at in range(0, len(self._parts), workers):
                yield from pool.map(lambda part: compute(*part), self._parts[at : at + workers])
