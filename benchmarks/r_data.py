"""Reads data sets of installed R packages, without R.

An R package keeps its data sets in `data/Rdata.rdb`, each compressed, and says in `Rdata.rdx`
where (R Core Team, "R Internals", chapters 1.8 "Serialization Formats" and 1.17 on lazy loading).
Of R's types there is what data frames of text and factors are made of.
"""

from __future__ import annotations

import lzma
import struct
import zlib
from pathlib import Path

_HAS_ATTRIBUTES, _HAS_TAG = 0x200, 0x400
_FILTERS = [{"id": lzma.FILTER_LZMA2, "preset": 6}]


def read_data_set(folder: Path, name: str) -> dict[str, list]:
    """Reads a data frame.

    Args:
        folder: `data` of the installed package.
        name: Of the data set.

    Returns:
        Its columns; of a factor the levels' names.

    Raises:
        KeyError: The package has no such data set.
    """
    index = _Reader(zlib.decompress((folder / "Rdata.rdx").read_bytes(), wbits=47)).read()
    start, length = index["variables"][name]
    with open(folder / "Rdata.rdb", "rb") as file:
        file.seek(start)
        packed = file.read(length)
    # The length before compression comes first, and for all but zlib a letter for how.
    kind, packed = packed[4:5], packed[4:]
    if kind == b"Z":
        packed = lzma.decompress(packed[1:], lzma.FORMAT_RAW, filters=_FILTERS)
    else:
        packed = zlib.decompress(packed)
    return _Reader(packed).read()


class _Reader:
    """Reads a value in the binary format of R's `serialize`."""

    def __init__(self, content: bytes):
        self._content = content
        self._place = 2
        version, _, _ = self._integers(3)
        if version == 3:
            self._bytes(self._integers(1)[0])
        self._references: list = []

    def read(self):
        """The next value: mappings for named lists, lists for vectors, None for NULL."""
        (flags,) = self._integers(1)
        kind = flags & 0xFF
        if kind == 255:
            return self._references[(flags >> 8) - 1]
        if kind == 1:
            self._references.append(self.read())
            return self._references[-1]
        if kind == 2:
            return self._pairs(flags)
        if kind == 9:
            (length,) = self._integers(1)
            return None if length < 0 else self._bytes(length).decode("utf-8", "replace")
        if kind in (254, 242, 253):
            return None
        (length,) = self._integers(1)
        if kind in (10, 13):
            values = list(self._integers(length))
        elif kind == 14:
            values = list(struct.unpack(f">{length}d", self._bytes(8 * length)))
        elif kind in (16, 19):
            values = [self.read() for _ in range(length)]
        else:
            raise ValueError(f"type {kind} of R is not read here")
        attributes = (self.read() or {}) if flags & _HAS_ATTRIBUTES else {}
        if "levels" in attributes:
            return [None if value < 1 else attributes["levels"][value - 1] for value in values]
        names = attributes.get("names")
        return values if names is None else dict(zip(names, values, strict=True))

    def _pairs(self, flags: int) -> dict:
        found = {}
        while flags & 0xFF == 2:
            if flags & _HAS_ATTRIBUTES:
                self.read()
            tag = self.read() if flags & _HAS_TAG else None
            found[tag] = self.read()
            (flags,) = self._integers(1)
        return found

    def _integers(self, count: int) -> tuple[int, ...]:
        return struct.unpack(f">{count}i", self._bytes(4 * count))

    def _bytes(self, count: int) -> bytes:
        self._place += count
        return self._content[self._place - count : self._place]
