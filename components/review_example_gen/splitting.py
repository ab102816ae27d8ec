"""Which split a row belongs to: the same one on every run, machine and grown file."""

from __future__ import annotations

import bisect
import hashlib
import itertools
from collections.abc import Mapping


class Splitter:
    """Assigns keys to splits by a hash of the key alone.

    Only the ratio of the sizes matters: 8/1/1 and 80/10/10 place every key alike.

    Args:
        sizes: Split name -> relative size, whole numbers from 1.

    Example:
        >>> Splitter({"train": 8, "eval": 1, "test": 1}).split_of("Great dress!")
        'train'
    """

    def __init__(self, sizes: Mapping[str, int]):
        self._names = tuple(sizes)
        self._ends = tuple(itertools.accumulate(sizes.values()))

    def split_of(self, key: str) -> str:
        """Returns the name of the split for a group or a text."""
        digest = hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        # The hash read as a fraction of its range, scaled to the sum of the sizes.
        point = int.from_bytes(digest, "big") * self._ends[-1] >> 64
        return self._names[bisect.bisect_right(self._ends, point)]
