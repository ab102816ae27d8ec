"""What gets one tag: a word, which its first piece speaks for, or each piece."""

from __future__ import annotations

import tensorflow as tf

from ...arrays import search_sorted, splits_of
from ...encoders.characters import Characters

# What `piece_words` says of pieces.
NO_WORD, CONTINUES, BEGINS = -1, 0, 1


def piece_words(
    characters: Characters, starts: tf.RaggedTensor, ends: tf.RaggedTensor
) -> tf.RaggedTensor:
    """How pieces make up words, in a graph.

    Args:
        characters: Of the texts.
        starts: Where the pieces of each text begin, in bytes, ragged int64 [batch, (pieces)],
            those of start and end included.
        ends: Where they end.

    Returns:
        1 of a piece that begins a word, 0 of one that continues the word before it, -1 of one
        that stands for nothing of the text, such as start and end; ragged int64.
    """
    continues = characters.continues(starts, ends).values
    words = tf.where(continues, tf.constant(CONTINUES, tf.int64), BEGINS)
    return starts.with_values(tf.where(starts.values < ends.values, words, NO_WORD))


def unit_outputs(
    outputs: tf.RaggedTensor,
    offsets: tuple[tf.RaggedTensor, tf.RaggedTensor, tf.RaggedTensor],
    characters: Characters,
    label_pieces: str,
) -> tuple[tf.RaggedTensor, tf.RaggedTensor, tf.RaggedTensor]:
    """From outputs of tokens to those of what is tagged, in a graph.

    Args:
        outputs: Of all tokens of the texts, start and end included, ragged [batch, (tokens), …].
        offsets: What `Tokenizer.tokenize_with_offsets` gave of them.
        characters: Of the texts.
        label_pieces: `first` or `all`, see `ModelSettings`.

    Returns:
        The outputs of the units, ragged [batch, (units), …], and where in its text each begins
        and ends, in bytes, ragged int64 [batch, (units)].
    """
    _, starts, ends = offsets
    words = piece_words(characters, starts, ends).values
    is_unit = words == BEGINS if label_pieces == "first" else words >= CONTINUES
    units = tf.where(is_unit)[:, 0]
    splits = tf.gather(splits_of(tf.cast(is_unit, tf.int64)), starts.row_splits)
    # A unit ends where the last of its pieces does, the one before the next unit's first.
    pieces = tf.where(words >= CONTINUES)[:, 0]
    first = search_sorted(pieces, units)
    behind = tf.concat([first, [tf.size(pieces, tf.int64)]], axis=0)[1:]
    last = tf.gather(pieces, behind - 1)

    def ragged(values: tf.Tensor) -> tf.RaggedTensor:
        return tf.RaggedTensor.from_row_splits(values, splits, validate=False)

    return (
        ragged(tf.gather(outputs.values, units)),
        ragged(tf.gather(starts.values, units)),
        ragged(tf.gather(ends.values, last)),
    )
