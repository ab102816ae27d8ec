"""Writes SentencePiece models, so that an operation of TF Text merges byte pairs.

Messages are put together by hand: the classes that the package sentencepiece generates for them
need a newer protobuf than TFX has. Field numbers are those of SentencePiece's
`sentencepiece_model.proto`.
"""

from __future__ import annotations

import enum
import struct
from collections.abc import Sequence

_BPE = 2


class PieceType(enum.IntEnum):
    """What a piece is; texts become normal ones only."""

    NORMAL = 1
    UNKNOWN = 2
    CONTROL = 3


def bpe_model(pieces: Sequence[tuple[str, float, PieceType]]) -> bytes:
    """Writes a byte pair model that takes text as it is.

    Args:
        pieces: Name, score and type of each, by its id; of two neighbours those are merged first
            whose merged piece has the highest score. One is of type UNKNOWN; no two have one name.

    Returns:
        A serialized `sentencepiece.ModelProto`.

    Example:
        >>> from tensorflow_text import SentencepieceTokenizer
        >>> pieces = [("?", 0, PieceType.UNKNOWN), ("a", 0, PieceType.NORMAL)]
        >>> model = bpe_model([*pieces, ("aa", -1, PieceType.NORMAL)])
        >>> SentencepieceTokenizer(model).tokenize("aaa").numpy().tolist()
        [2, 1]
    """
    trainer = _number(3, _BPE)
    # No dummy prefix, no white space removed, none replaced by U+2581.
    normalizer = _bytes(1, b"identity") + _number(3, 0) + _number(4, 0) + _number(5, 0)
    written = [_bytes(1, _piece(*piece)) for piece in pieces]
    return b"".join([*written, _bytes(2, trainer), _bytes(3, normalizer)])


def _piece(name: str, score: float, kind: PieceType) -> bytes:
    return _bytes(1, name.encode()) + _float(2, score) + _number(3, kind)


def _float(field: int, value: float) -> bytes:
    return _varint(field << 3 | 5) + struct.pack("<f", value)


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _bytes(field: int, value: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    """Seven bits a byte, the lowest first; the highest bit says that more follow."""
    written = bytearray()
    while value > 0x7F:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*written, value])
