"""Which pieces of a text are to be guessed, and what the encoder reads in their place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ...encoders.base import Tokenizer
from ...random_bits import mix

POSITIONS, IDS, WEIGHTS = "positions", "ids", "weights"
_INPUT, _MASK = "input_word_ids", "input_mask"
# Of the pieces that are to be guessed, as BERT has it; the rest stays as it is.
_HIDDEN, _REPLACED = 0.8, 0.1
# One stream of random bits for each thing that is drawn.
_ORDER, _KIND, _PIECE = range(3)


@keras.saving.register_keras_serializable("reviewlens")
class TokenMasking(keras.layers.Layer):
    """Hides some pieces of texts, for an encoder to guess them.

    Of the pieces of a text that stand for something in it a share is to be guessed, the nearest
    whole number and at least one. Of those 80 % become the mask, 10 % any other piece of the
    vocabulary, 10 % stay (Devlin et al., NAACL 2019, section 3.1); what becomes of one does not
    hang on the others. What is drawn hangs on the seed and on the text alone, not on its place in
    a batch, so the same seed hides the same pieces of a text again.

    Whole words are hidden in the order in which they are drawn, each that still fits into the
    number, so that it is never exceeded; the pieces of a word are to be guessed all or none.

    Args:
        vocabulary_size: All ids are below it.
        mask_id: Id of the mask.
        special_ids: Ids that are never to be guessed nor put in the place of others.
        continuations: Ids that go on with the word of the piece before; needed of whole words.
        rate: Share of the pieces that are to be guessed, above 0 and up to 1.
        whole_words: Whether words are hidden as a whole, and not pieces.
        seed: Of what is drawn where a call is given none; drawn by `keras.utils.set_random_seed`
            where None.
        **kwargs: `name` of a Keras layer.

    Raises:
        ValueError: The rate is not above 0 and up to 1, or every id is special.

    Example:
        >>> masking = TokenMasking.of(encoder.tokenizer(max_tokens=128), rate=0.15)
        >>> inputs = encoder.inputs.pack(encoder.tokenizer(128)(["It fits well."]))
        >>> masked = masking(inputs, seed=[7, 1])
        >>> bool(tf.reduce_all(tf.gather(inputs["input_word_ids"][0], masked["positions"][0])
        ...                    == masked["ids"][0]))
        True
    """

    def __init__(
        self,
        vocabulary_size: int,
        mask_id: int,
        special_ids: Sequence[int] = (),
        continuations: Sequence[int] = (),
        rate: float = 0.15,
        whole_words: bool = False,
        seed: int | None = None,
        **kwargs: Any,
    ):
        super().__init__(dtype="float32", **kwargs)
        if not 0 < rate <= 1:
            raise ValueError(f"the rate is {rate}; it is a share above 0, 1 at most")
        self.vocabulary_size = vocabulary_size
        self.mask_id = mask_id
        self.special_ids = sorted(map(int, special_ids))
        self.continuations = sorted(map(int, continuations))
        self.rate = rate
        self.whole_words = whole_words
        self.seed = seed
        self._seeds = keras.random.SeedGenerator(seed)
        self._maskable = np.ones(vocabulary_size, bool)
        self._maskable[self.special_ids] = False
        (self._pieces,) = np.nonzero(self._maskable)
        if not self._pieces.size:
            raise ValueError("all ids of the vocabulary are special ones")
        self._continues = np.zeros(vocabulary_size, bool)
        self._continues[self.continuations] = True
        self.built = True

    @classmethod
    def of(cls, tokenizer: Tokenizer, **kwargs: Any) -> TokenMasking:
        """Makes the layer for the ids of a tokenizer.

        Args:
            tokenizer: The encoder's.
            **kwargs: `rate`, `whole_words`, `seed` and `name`.

        Raises:
            ValueError: Its vocabulary has no mask.
        """
        if tokenizer.mask_id is None:
            raise ValueError("the vocabulary has no mask, which masked pieces are read as")
        return cls(
            tokenizer.vocabulary_size,
            tokenizer.mask_id,
            tokenizer.special_ids.tolist(),
            np.nonzero(tokenizer.continuations)[0].tolist(),
            **kwargs,
        )

    def call(self, inputs: dict[str, tf.Tensor], seed: Any = None) -> dict[str, tf.Tensor]:
        """Draws what is to be guessed, and hides it.

        Args:
            inputs: The encoder's, int32 [batch, width].
            seed: Two integers, such as that of a training and the number of a step; None to
                draw anew in each call.

        Returns:
            The same inputs, pieces hidden; and `positions`, where those are that are to be
            guessed, in order, int32 [batch, most]; `ids`, what they are, int32 [batch, most];
            `weights`, 1 for each and 0 for what fills a text up to `most`, whose position and id
            are 0, float32 [batch, most]. `most` is the share of the width.
        """
        ids = tf.cast(inputs[_INPUT], tf.int32)
        maskable = tf.gather(self._maskable, ids) & (inputs[_MASK] > 0)
        keys = _keys(ids, inputs[_MASK], self._seeds.next() if seed is None else seed)
        chosen = self._choose(ids, maskable, keys)
        hidden = self._hide(ids, keys)
        width = tf.shape(ids)[1]
        most = _share(self.rate, width[tf.newaxis])[0]
        # The greatest first, which are those in front.
        ranks = tf.where(chosen, width - tf.range(width), 0)
        found, positions = tf.math.top_k(ranks, most)
        weights = tf.cast(found > 0, tf.int32)
        positions *= weights
        return {
            **inputs,
            _INPUT: tf.where(chosen, hidden, ids),
            POSITIONS: positions,
            IDS: tf.gather(ids, positions, batch_dims=1) * weights,
            WEIGHTS: tf.cast(weights, tf.float32),
        }

    def _choose(self, ids: tf.Tensor, maskable: tf.Tensor, keys: tf.Tensor) -> tf.Tensor:
        """Which pieces are to be guessed, bool [batch, width]."""
        batch, width = tf.unstack(tf.shape(ids))
        words = tf.broadcast_to(tf.range(width), [batch, width])
        if self.whole_words:
            follows = tf.pad(maskable, [[0, 0], [1, 0]])[:, :-1]
            goes_on = tf.gather(self._continues, ids) & maskable & follows
            words = tf.cumsum(tf.cast(~goes_on, tf.int32), axis=1) - 1
        # Of each word how many pieces it has; places beyond the last word have none.
        flat = words + width * tf.range(batch)[:, tf.newaxis]
        sizes = tf.math.unsorted_segment_sum(tf.cast(maskable, tf.int32), flat, batch * width)
        sizes = tf.reshape(sizes, [batch, width])
        order = tf.argsort(_random(keys, _ORDER, width), axis=1)
        number = _share(self.rate, tf.reduce_sum(sizes, axis=1, keepdims=True))
        fits = _first_fit(tf.gather(sizes, order, batch_dims=1), number)
        fits = tf.gather(fits, tf.argsort(order, axis=1), batch_dims=1)
        return tf.gather(fits, words, batch_dims=1) & maskable

    def _hide(self, ids: tf.Tensor, keys: tf.Tensor) -> tf.Tensor:
        """What is read in the place of each piece if it is to be guessed."""
        width = tf.shape(ids)[1]
        kind, piece = (_random(keys, stream, width) for stream in (_KIND, _PIECE))
        count = len(self._pieces)
        others = tf.gather(self._pieces, tf.minimum(tf.cast(piece * count, tf.int32), count - 1))
        kept = tf.where(kind < _HIDDEN + _REPLACED, tf.cast(others, tf.int32), ids)
        return tf.where(kind < _HIDDEN, self.mask_id, kept)

    def compute_output_spec(self, inputs, seed=None):
        """Shapes and dtypes of the outputs, for functional models."""
        batch, _ = inputs[_INPUT].shape
        drawn = {POSITIONS: "int32", IDS: "int32", WEIGHTS: "float32"}
        return {
            **{name: keras.KerasTensor(one.shape, one.dtype) for name, one in inputs.items()},
            **{name: keras.KerasTensor((batch, None), dtype) for name, dtype in drawn.items()},
        }

    def get_config(self) -> dict:
        """The arguments it was made with."""
        return {
            "name": self.name,
            "vocabulary_size": self.vocabulary_size,
            "mask_id": self.mask_id,
            "special_ids": self.special_ids,
            "continuations": self.continuations,
            "rate": self.rate,
            "whole_words": self.whole_words,
            "seed": self.seed,
        }


def _share(rate: float, counts: tf.Tensor) -> tf.Tensor:
    """The nearest whole number to a share of each, at least 1 where there is any; int32."""
    nearest = tf.cast(tf.floor(rate * tf.cast(counts, tf.float32) + 0.5), tf.int32)
    return tf.minimum(tf.maximum(nearest, 1), counts)


def _first_fit(sizes: tf.Tensor, number: tf.Tensor) -> tf.Tensor:
    """Takes one after the other what still fits, all rows at once.

    What follows the first that does not fit is left with the same room, or less. So all of it that
    is larger can be passed over together, and a few rounds come to the same as going through them
    one by one.

    Args:
        sizes: In the order in which they are asked, int32 [batch, width].
        number: What the sizes of those that are taken come to at most, int32 [batch, 1].

    Returns:
        Whether each is taken, bool [batch, width]; of size 0 none.
    """

    def taken(asked):
        totals = tf.cumsum(tf.where(asked, sizes, 0), axis=1)
        return totals, asked & (totals <= number)

    def left(asked):
        totals, fits = taken(asked)
        room = number - tf.reduce_max(tf.where(fits, totals, 0), axis=1, keepdims=True)
        return [fits | (asked & (sizes <= room))]

    (asked,) = tf.while_loop(
        lambda asked: tf.reduce_any(asked & ~taken(asked)[1]), left, [sizes > 0]
    )
    return asked


def _keys(ids: tf.Tensor, mask: tf.Tensor, seed: Any) -> tf.Tensor:
    """A number for each text that it and the seed decide, uint32 [batch, 1]."""
    first, second = tf.unstack(tf.cast(seed, tf.uint32))
    places = mix(tf.cast(tf.range(tf.shape(ids)[1]), tf.uint32) + 1)
    # What pads a text says nothing, however much there is of it.
    values = mix(tf.cast(ids, tf.uint32) ^ places) * tf.cast(mask, tf.uint32)
    texts = tf.reduce_sum(values, axis=1, keepdims=True)
    return mix(mix(mix(texts) ^ first) ^ mix(second + 1))


def _random(keys: tf.Tensor, stream: int, width: tf.Tensor) -> tf.Tensor:
    """Numbers from 0 to 1, float32 [batch, width]; those of a place do not hang on the width."""
    places = 3 * tf.cast(tf.range(width), tf.uint32) + stream
    return tf.cast(mix(mix(places + 1) ^ keys), tf.float32) * 2.0**-32
