"""Serializing segments as `tf.train.Example`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...models.encoders.base import Tokenizer
from .. import example_bytes
from .features import RANDOM_NEXT, SECOND, TOKENS
from .packing import Segment, Span, length_of

# As `SerializeToString(deterministic=True)` has them.
_RANDOM_NEXT, _SECOND, _TOKENS = map(example_bytes.key, (RANDOM_NEXT, SECOND, TOKENS))


class SegmentEncoder:
    """Serializes segments of some documents.

    Args:
        ids: Of all pieces of the documents.
        tokenizer: Whose tokens begin a segment, part it and end it.
    """

    def __init__(self, ids: np.ndarray, tokenizer: Tokenizer):
        self._packed, starts = example_bytes.packed_all(ids)
        self._starts: list[int] = starts.tolist()
        self._begin, self._end = (
            example_bytes.packed_all(np.array([token]))[0]
            for token in (tokenizer.start_id, tokenizer.end_id)
        )
        self._separators = tokenizer.separators

    def encode(self, segment: Segment) -> bytes:
        """Returns the serialized example.

        Args:
            segment: Of the documents.

        Returns:
            A `tf.train.Example` of int64 features: `tokens` from start to end, with one of end
            between two documents; `second`, how many of them are before the second part, 0 where
            there is none, see `models.encoders.pairs.join_pairs`; and `random_next`.
        """
        tokens = [self._begin, self._part(segment.first), self._end]
        second = 0
        if segment.second:
            second = length_of(segment.first) + 1 + self._separators
            tokens += [*[self._end] * (self._separators - 1), self._part(segment.second), self._end]
        return example_bytes.example(
            [
                example_bytes.entry(_RANDOM_NEXT, example_bytes.integers([segment.random_next])),
                example_bytes.entry(_SECOND, example_bytes.integers([second])),
                example_bytes.entry(_TOKENS, example_bytes.packed_integers(b"".join(tokens))),
            ]
        )

    def length(self, segment: Segment) -> int:
        """Returns how many tokens the example has."""
        second = segment.second
        parted = self._separators + length_of(second) if second else 0
        return length_of(segment.first) + 2 + parted

    def _part(self, spans: Sequence[Span]) -> bytes:
        starts, packed = self._starts, self._packed
        return self._end.join([packed[starts[span.start] : starts[span.end]] for span in spans])
