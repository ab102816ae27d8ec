"""Products of many texts' n-grams with weights, in parts that several threads compute."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import tensorflow as tf

# Features in a part at least. How the texts are divided decides how the sums are rounded, so it
# must not follow from the number of processors.
_SMALLEST, _OF_COLUMNS = 2**20, 16


class TextProducts:
    """The texts as a sparse matrix: a row for each text, its n-grams counted.

    Only the ids are kept, 4 bytes for each n-gram; the matrix itself is never made.

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

    def __len__(self) -> int:
        return len(self._row_splits) - 1

    def times(self, weights: np.ndarray) -> np.ndarray:
        """The sum of the weights of each text's n-grams.

        Args:
            weights: float32 [columns, k].

        Returns:
            float32 [n, k].
        """
        data = tf.constant(weights)

        def part(start: int, end: int) -> np.ndarray:
            ids, rows = self._part(start, end)
            return tf.raw_ops.SparseSegmentSumWithNumSegments(
                data=data, indices=ids, segment_ids=rows, num_segments=end - start
            ).numpy()

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
            ids, rows = self._part(start, end)
            return tf.raw_ops.SparseSegmentSumGrad(
                grad=values[start:end], indices=ids, segment_ids=rows, output_dim0=self._columns
            ).numpy()

        total = np.zeros((self._columns, values.shape[1]), np.float32)
        for found in self._of_parts(part):
            total += found
        return total

    def _part(self, start: int, end: int) -> tuple[np.ndarray, np.ndarray]:
        splits = self._row_splits[start : end + 1]
        rows = np.repeat(np.arange(end - start, dtype=np.int32), np.diff(splits))
        return self._ids[splits[0] : splits[-1]], rows

    def _of_parts(self, compute: Callable[[int, int], Any]) -> Iterator[Any]:
        """What each part gives, in their order, few of them at a time."""
        workers = min(os.cpu_count() or 1, len(self._parts))
        if workers < 2:
            yield from (compute(*part) for part in self._parts)
            return
        with ThreadPoolExecutor(workers) as pool:
            for at in range(0, len(self._parts), workers):
                yield from pool.map(lambda part: compute(*part), self._parts[at : at + workers])
