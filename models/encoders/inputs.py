"""What an encoder is called with: names, dtypes and padding, said once."""

from __future__ import annotations

import dataclasses
from typing import Any, Protocol

import numpy as np
import tensorflow as tf

_IDS, _MASK, _TYPES = "input_word_ids", "input_mask", "input_type_ids"


class TokenIds(Protocol):
    """The ids of many texts, one after the other: an array, or what is indexed like one."""

    def __len__(self) -> int:
        """How many ids there are."""

    def __getitem__(self, places: Any, /) -> Any:
        """Some of the ids, int32 [n].

        Args:
            places: A slice of them, or where they are, int [n].
        """


@dataclasses.dataclass(frozen=True)
class EncoderInputs:
    """The inputs of one kind of encoder, and how rows of token ids become them.

    All are int32 [batch, width], under the names of TF Hub's text encoders: `input_word_ids`;
    `input_mask`, 1 for tokens and 0 for padding, which is at the end; and for encoders that
    tell segments apart `input_type_ids`, 0 in all of the first segment and 1 in the second one.

    Args:
        padding_id: The id that padding has.
        has_types: Whether the encoder takes `input_type_ids`.

    Example:
        >>> EncoderInputs(padding_id=1, has_types=False).names
        ('input_word_ids', 'input_mask')
    """

    padding_id: int = 0
    has_types: bool = True

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the inputs, in their order."""
        return (_IDS, _MASK, _TYPES) if self.has_types else (_IDS, _MASK)

    def signature(self) -> dict[str, tf.TensorSpec]:
        """What a `tf.function` is told of the inputs."""
        return {name: tf.TensorSpec([None, None], tf.int32, name) for name in self.names}

    def pad(
        self,
        tokens: TokenIds,
        starts: np.ndarray,
        lengths: np.ndarray,
        multiple: int = 1,
        seconds: np.ndarray | None = None,
    ) -> dict[str, np.ndarray]:
        """Pads texts to their longest, in NumPy.

        Args:
            tokens: Ids of many texts, one after the other, int [total].
            starts: Where each text of the batch begins in `tokens`, int [batch].
            lengths: How many ids it has, int [batch].
            multiple: The width is the greatest length rounded up to this.
            seconds: How many ids of each are before its second segment, int [batch]; None where
                there is only one.

        Returns:
            An array for each of `names`.

        Example:
            >>> tokens, starts, lengths = map(np.array, ([5, 6, 7], [0, 2], [2, 1]))
            >>> inputs = EncoderInputs().pad(tokens, starts, lengths)
            >>> inputs["input_word_ids"].tolist()
            [[5, 6], [7, 0]]
        """
        width = -(-int(lengths.max(initial=1)) // multiple) * multiple
        positions = np.arange(width)
        mask = positions < lengths[:, None]
        # Zeros cost nothing, unlike any other number.
        ids = np.zeros(mask.shape, np.int32)
        if self.padding_id:
            ids.fill(self.padding_id)
        ids[mask] = tokens[(starts[:, None] + positions)[mask]]
        padded = {_IDS: ids, _MASK: mask.astype(np.int32)}
        if not self.has_types:
            return padded
        if seconds is None:
            return {**padded, _TYPES: np.zeros_like(ids)}
        of_second = mask & (positions >= np.asarray(seconds)[:, None])
        return {**padded, _TYPES: of_second.astype(np.int32)}

    def pack(
        self, tokens: tf.RaggedTensor, seconds: tf.Tensor | None = None
    ) -> dict[str, tf.Tensor]:
        """Pads texts to their longest, in a graph.

        Args:
            tokens: Ids, ragged int [batch, (pieces)], those of start and end included.
            seconds: How many ids of each are before its second segment, int64 [batch], see
                `join_pairs`; None where there is only one.

        Returns:
            A tensor for each of `names`; of an empty batch [0, 1].

        Example:
            >>> EncoderInputs().pack(tf.ragged.constant([[5, 6], [7]]))["input_mask"]
            <tf.Tensor: shape=(2, 2), dtype=int32, numpy=
            array([[1, 1],
                   [1, 0]], dtype=int32)>
        """
        # SavedModels take the first token of each text, so there has to be a column of them.
        longest = tf.maximum(tokens.bounding_shape(1), 1)
        padding = tf.constant(self.padding_id, tokens.dtype)
        ids = tf.cast(tokens.to_tensor(padding, shape=tf.stack([-1, longest])), tf.int32)
        packed = {_IDS: ids, _MASK: tf.sequence_mask(tokens.row_lengths(), longest, tf.int32)}
        if not self.has_types:
            return packed
        if seconds is None:
            return {**packed, _TYPES: tf.zeros_like(ids)}
        return {**packed, _TYPES: packed[_MASK] - tf.sequence_mask(seconds, longest, tf.int32)}
