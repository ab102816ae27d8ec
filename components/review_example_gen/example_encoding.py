"""Serializing reviews as `tf.train.Example`.

The bytes are put together here: where protobuf has no compiled part, its own way takes thirty
times as long and would be nine tenths of the whole ingest. The format is that of
https://protobuf.dev/programming-guides/encoding and tensorflow/core/example/example.proto.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import Any

from .reviews import Review, Value
from .settings import FEATURES

# Fields of length-delimited type, by their number in their message.
_FEATURES_OF_EXAMPLE = _ENTRY_OF_FEATURES = _KEY_OF_ENTRY = _VALUE_OF_LIST = 1
_VALUE_OF_ENTRY = 2
_BYTES_LIST_OF_FEATURE = 1
_FLOAT_LIST_OF_FEATURE = 2
_INT64_LIST_OF_FEATURE = 3
# A number below zero goes by its two's complement.
_UNSIGNED = (1 << 64) - 1

# A task may give one and the same object for all rows of a class; more of them than this is none.
_MOST_KNOWN = 1024


class ExampleEncoder:
    """Serializes reviews.

    Args:
        slices: Names of the slice columns, in the order of `Review.slices`.
        features: Names of the features of the task.

    Example:
        >>> review = Review("Great!", Targets({"label": 2, "grade": 4}), "r1", "", ("Shoes",))
        >>> ExampleEncoder(["Department"], ["label", "grade"]).encode(review)[-6:]
        b'Great!'
    """

    def __init__(self, slices: Sequence[str], features: Sequence[str]):
        names = (*FEATURES, *features, *slices)
        self._keys = {name: _field(_KEY_OF_ENTRY, name.encode()) for name in names}
        self._slices = tuple(slices)
        # As `SerializeToString(deterministic=True)` has it.
        self._order = sorted(self._keys)
        # By the identity of the features, which are held so that no other object gets it.
        self._known: dict[int, tuple[Mapping, dict[str, bytes]]] = {}

    def encode(self, review: Review) -> bytes:
        """Returns the serialized example; equal reviews give equal bytes.

        Args:
            review: The review.

        Returns:
            A `tf.train.Example` with the bytes features `text`, `id` and one of each slice, and
            the features of the task: bytes for text, int64 and float for numbers.
        """
        entries = dict(self._of_task(review.targets.features))
        for name, value in zip(self._slices, review.slices, strict=True):
            entries[name] = self._entry(name, _bytes_feature(value))
        entries["text"] = self._entry("text", _bytes_feature(review.text))
        entries["id"] = self._entry("id", _bytes_feature(review.id))
        return _field(_FEATURES_OF_EXAMPLE, b"".join([entries[name] for name in self._order]))

    def _of_task(self, features: Mapping[str, Value]) -> dict[str, bytes]:
        known = self._known.get(id(features))
        if known is not None:
            return known[1]
        entries = {name: self._entry(name, _feature(value)) for name, value in features.items()}
        if len(self._known) < _MOST_KNOWN:
            self._known[id(features)] = features, entries
        return entries

    def _entry(self, name: str, feature: bytes) -> bytes:
        return _field(_ENTRY_OF_FEATURES, self._keys[name] + _field(_VALUE_OF_ENTRY, feature))


def _feature(value: Value) -> bytes:
    """One number or text, or a list of such as are all of one kind."""
    values: list[Any] = [value] if isinstance(value, (int, float, str)) else list(value)
    if all(isinstance(one, str) for one in values):
        texts = b"".join(_field(_VALUE_OF_LIST, one.encode()) for one in values)
        return _field(_BYTES_LIST_OF_FEATURE, texts)
    if all(isinstance(one, int) for one in values):
        numbers = b"".join(_varint(one & _UNSIGNED) for one in values)
        return _field(_INT64_LIST_OF_FEATURE, _field(_VALUE_OF_LIST, numbers))
    return _field(
        _FLOAT_LIST_OF_FEATURE, _field(_VALUE_OF_LIST, struct.pack(f"<{len(values)}f", *values))
    )


def _bytes_feature(text: str) -> bytes:
    return _field(_BYTES_LIST_OF_FEATURE, _field(_VALUE_OF_LIST, text.encode()))


def _field(number: int, payload: bytes) -> bytes:
    return bytes((number << 3 | 2,)) + _varint(len(payload)) + payload


def _varint(number: int) -> bytes:
    """Seven bits a byte, the lowest first; the top bit says that more follow."""
    found = bytearray()
    while number > 127:
        found.append(number & 127 | 128)
        number >>= 7
    found.append(number)
    return bytes(found)
