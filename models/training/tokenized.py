"""Tokenized texts, as flat in memory as they are on disk."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..encoders.inputs import TokenIds
from ..encoders.truncation import Truncation
from ..encoders.windows import Windows

# Ids that a digest has in memory at a time.
_BLOCK = 1 << 18


@dataclasses.dataclass(frozen=True)
class TokenizedTexts:
    """Token ids and targets of many texts, or of parts of them, without padding.

    Attributes:
        tokens: Token ids of all texts, one after the other, int32 [total]; they may be on disk,
            see `StoredTokens`.
        row_splits: Where each text begins in `tokens`, and the end, int64 [n + 1].
        targets: By name a value for each text, [n], a distribution, [n, size], or a value for
            each token, [total].
        per_token: Names of those targets that each token has.
        parts: Which text each row is a part of, int64 [n], in order; None where each is a text.
        own: Of parts, whether each token is the row's own, see `WindowRows`, bool [total]; None
            where each is.
        seconds: Of texts that are read behind others, how many tokens of each row are before
            its own, int64 [n], see `join_pairs`; None where there is but one.
    """

    tokens: TokenIds
    row_splits: np.ndarray
    targets: Mapping[str, np.ndarray]
    per_token: frozenset[str] = frozenset()
    parts: np.ndarray | None = None
    own: np.ndarray | None = None
    seconds: np.ndarray | None = None

    @classmethod
    def from_rows(
        cls,
        rows: Iterable[ArrayLike],
        targets: Mapping[str, Any],
        per_token: Iterable[str] = (),
        seconds: ArrayLike | None = None,
    ) -> TokenizedTexts:
        """Joins texts given one by one.

        Args:
            rows: Token ids of each text, those of its start and end included.
            targets: By name a number or a distribution for each text, or numbers for its tokens;
                whole numbers become int32, others float32.
            per_token: Names of those targets that each token has.
            seconds: Of each text how many tokens are before its second part; None where there is
                none.

        Returns:
            The texts in the order given.

        Example:
            >>> texts = TokenizedTexts.from_rows([[101, 7, 102], [101, 102]], {"grade": [1, 0]})
            >>> texts.lengths, texts.targets["grade"]
            (array([3, 2]), array([1, 0], dtype=int32))
        """
        arrays = [np.asarray(row, np.int32) for row in rows]
        splits = np.cumsum([0, *(len(row) for row in arrays)], dtype=np.int64)
        tokens = np.concatenate([np.zeros(0, np.int32), *arrays])
        ragged = frozenset(per_token)
        joined = {
            name: np.concatenate([np.zeros(0, np.int32), *values]) if name in ragged else values
            for name, values in targets.items()
        }
        small = {name: _small(values) for name, values in joined.items()}
        if seconds is not None:
            seconds = np.asarray(seconds, np.int64)
        return cls(tokens, splits, small, ragged, seconds=seconds)

    def __len__(self) -> int:
        return len(self.row_splits) - 1

    @property
    def lengths(self) -> np.ndarray:
        """Tokens of each text, int64 [n]."""
        return np.diff(self.row_splits)

    def row(self, index: int) -> np.ndarray:
        """Token ids of text `index`, int32 [length]."""
        return self.tokens[self.row_splits[index] : self.row_splits[index + 1]]

    def take(self, rows: ArrayLike) -> TokenizedTexts:
        """Some of the texts.

        Args:
            rows: Their row numbers, in the order wanted.

        Returns:
            Those texts, with their targets.
        """
        chosen = np.asarray(rows, np.int64)
        targets = {
            name: [self._of_row(values, row) for row in chosen]
            if name in self.per_token
            else values[chosen]
            for name, values in self.targets.items()
        }
        taken = TokenizedTexts.from_rows(map(self.row, chosen), targets, self.per_token)
        of_row = {
            name: getattr(self, name)[chosen]
            for name in ("parts", "seconds")
            if getattr(self, name) is not None
        }
        if self.own is not None:
            of_row["own"] = np.concatenate(
                [np.zeros(0, bool), *(self._of_row(self.own, row) for row in chosen)]
            )
        return dataclasses.replace(taken, **of_row)

    def cut(self, truncation: Truncation) -> TokenizedTexts:
        """The same texts, those that are too long cut as the tokenizers cut them.

        Args:
            truncation: Says what stays of them.

        Example:
            >>> texts = TokenizedTexts.from_rows([[101, 7, 8, 102], [101, 102]], {})
            >>> texts.cut(Truncation(3)).row(0)
            array([101,   7, 102], dtype=int32)
        """
        kept = truncation.kept(self.row_splits)
        if kept.all():
            return self
        lengths = np.minimum(self.lengths, truncation.max_tokens)
        targets = {
            name: values[kept] if name in self.per_token else values
            for name, values in self.targets.items()
        }
        splits = np.cumsum([0, *lengths], dtype=np.int64)
        return dataclasses.replace(
            self,
            tokens=self.tokens[kept],
            row_splits=splits,
            targets=targets,
            own=None if self.own is None else self.own[kept],
        )

    def in_windows(self, windows: Windows, unowned: Mapping[str, int]) -> TokenizedTexts:
        """The same texts, those that are too long cut into windows that overlap.

        Args:
            windows: Says where they are.
            unowned: By name of targets that each token has what stands in their place where a
                window reads a token for the sake of others, as another one owns it; those that
                are not named have their own value there, too.

        Returns:
            A row for each window, which `parts` tells the text of, and `own` what of it is its
            own; targets of texts are those of each of its windows. Where there are `seconds`,
            what is before is repeated in each window.

        Example:
            >>> texts = TokenizedTexts.from_rows([[101, 5, 6, 7, 102]], {"odd": [[0, 1, 0, 1, 0]]},
            ...                                  ["odd"])
            >>> rows = texts.in_windows(Windows(4, 1), {"odd": -1})
            >>> rows.row(1), rows.parts
            (array([101,   6,   7, 102], dtype=int32), array([0, 0]))
            >>> rows.targets["odd"].tolist()
            [0, 1, -1, -1, -1, 0, 1, 0]
        """
        fits = self.lengths <= windows.max_tokens
        if self.seconds is not None and windows.most_head is not None:
            fits &= self.seconds <= windows.most_head
        if fits.all():
            return self
        cut = windows.cut(self.row_splits, self.seconds)
        targets = {
            name: values[cut.places if name in self.per_token else cut.parts]
            for name, values in self.targets.items()
        }
        for name in self.per_token & unowned.keys():
            targets[name][~cut.own] = unowned[name]
        return TokenizedTexts(
            self.tokens[cut.places],
            cut.row_splits,
            targets,
            self.per_token,
            parts=cut.parts,
            own=cut.own,
            seconds=None if self.seconds is None else cut.heads,
        )

    def with_targets(self, targets: Mapping[str, np.ndarray]) -> TokenizedTexts:
        """The same texts with other values of some targets.

        Args:
            targets: By name, as many values as there were.
        """
        return dataclasses.replace(self, targets={**self.targets, **targets})

    def in_canonical_order(self) -> TokenizedTexts:
        """The same texts in an order that depends on nothing but their contents.

        Distributed writers leave rows in any order; training on them is repeatable only
        from an order of our own.
        """
        return self.take(self.canonical_order())

    def canonical_order(self) -> list[int]:
        """The row numbers in the order of `in_canonical_order`."""
        return sorted(range(len(self)), key=self._sort_key)

    def digest(self) -> str:
        """SHA-256 of all token ids, targets and seconds, in their order."""
        content = hashlib.sha256()
        of_targets = (self.targets[name] for name in sorted(self.targets))
        seconds = () if self.seconds is None else (self.seconds,)
        for array in (self.tokens, self.row_splits, *of_targets, *seconds):
            for start in range(0, len(array), _BLOCK):
                content.update(array[start : start + _BLOCK].tobytes())
        return content.hexdigest()

    def _of_row(self, values: np.ndarray, index: int) -> np.ndarray:
        return values[self.row_splits[index] : self.row_splits[index + 1]]

    def _sort_key(self, index: int) -> tuple[bytes, bytes]:
        """A hash, so that texts that begin alike are not neighbours; equal ones go by targets."""
        of_text = [self.targets[name][index] for name in sorted(set(self.targets) - self.per_token)]
        of_tokens = [self._of_row(self.targets[name], index) for name in sorted(self.per_token)]
        digest = hashlib.blake2b(
            self.row(index).tobytes(),
            digest_size=8,
            key=bytes(_first_byte(value) for value in of_text),
        )
        return digest.digest(), b"".join(value.tobytes() for value in of_text + of_tokens)


def _first_byte(value: np.ndarray) -> int:
    """Of a number; a distribution goes by what it is most of, as if that were all."""
    return (value if value.ndim == 0 else np.int32(value.argmax())).tobytes()[0]


def _small(values: Any) -> np.ndarray:
    array = np.asarray(values)
    whole = array.dtype.kind in "iub" or not array.size
    return array.astype(np.int32 if whole else np.float32)
