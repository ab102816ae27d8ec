"""Serializing reviews as `tf.train.Example`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .. import example_bytes
from .reviews import Review, Value
from .settings import FEATURES

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
        self._keys = {name: example_bytes.key(name) for name in names}
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
            entries[name] = self._entry(name, value)
        entries["text"] = self._entry("text", review.text)
        entries["id"] = self._entry("id", review.id)
        return example_bytes.example([entries[name] for name in self._order])

    def _of_task(self, features: Mapping[str, Value]) -> dict[str, bytes]:
        known = self._known.get(id(features))
        if known is not None:
            return known[1]
        entries = {name: self._entry(name, value) for name, value in features.items()}
        if len(self._known) < _MOST_KNOWN:
            self._known[id(features)] = features, entries
        return entries

    def _entry(self, name: str, value: Value) -> bytes:
        return example_bytes.entry(self._keys[name], _feature(value))


def _feature(value: Value) -> bytes:
    """One number or text, or a list of such as are all of one kind."""
    values: list[Any] = [value] if isinstance(value, (int, float, str)) else list(value)
    if all(isinstance(one, str) for one in values):
        return example_bytes.texts(values)
    if all(isinstance(one, int) for one in values):
        return example_bytes.integers(values)
    return example_bytes.floats(values)
