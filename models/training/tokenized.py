"""Tokenized reviews in memory, as flat as they are on disk."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike


@dataclasses.dataclass(frozen=True)
class TokenizedReviews:
    """Word pieces and labels of many reviews, without padding.

    Attributes:
        tokens: Word piece ids of all reviews, one after the other, int32 [total].
        row_splits: Where each review begins in `tokens`, and the end, int64 [n + 1].
        labels: Class indices, int32 [n].
    """

    tokens: np.ndarray
    row_splits: np.ndarray
    labels: np.ndarray

    @classmethod
    def from_rows(cls, rows: Iterable[ArrayLike], labels: ArrayLike) -> TokenizedReviews:
        """Joins reviews given one by one.

        Args:
            rows: Word piece ids of each review, [CLS] and [SEP] included.
            labels: Class index of each review.

        Returns:
            The reviews in the order given.

        Example:
            >>> TokenizedReviews.from_rows([[101, 7, 102], [101, 102]], [1, 0]).lengths
            array([3, 2])
        """
        arrays = [np.asarray(row, np.int32) for row in rows]
        splits = np.cumsum([0, *(len(row) for row in arrays)], dtype=np.int64)
        tokens = np.concatenate([np.zeros(0, np.int32), *arrays])
        return cls(tokens, splits, np.asarray(labels, np.int32))

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def lengths(self) -> np.ndarray:
        """Word pieces of each review, int64 [n]."""
        return np.diff(self.row_splits)

    def row(self, index: int) -> np.ndarray:
        """Word pieces of review `index`, int32 [length]."""
        return self.tokens[self.row_splits[index] : self.row_splits[index + 1]]

    def in_canonical_order(self) -> TokenizedReviews:
        """The same reviews in an order that depends on nothing but their contents.

        Distributed writers leave rows in any order; training on them is repeatable only
        from an order of our own.
        """
        keys = [
            hashlib.blake2b(
                self.row(index).tobytes(), digest_size=8, key=bytes([label & 0xFF])
            ).digest()
            for index, label in enumerate(self.labels)
        ]
        order = sorted(range(len(self)), key=keys.__getitem__)
        return TokenizedReviews.from_rows(map(self.row, order), self.labels[order])

    def digest(self) -> str:
        """SHA-256 of all word pieces and labels, in their order."""
        content = hashlib.sha256()
        for array in (self.tokens, self.row_splits, self.labels):
            content.update(array.tobytes())
        return content.hexdigest()
