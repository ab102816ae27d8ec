"""Two texts that an encoder reads together, said once: a question, say, and what is asked."""

from __future__ import annotations

import tensorflow as tf

from .base import Tokenizer
from .framing import as_places, moved


def join_pairs(
    tokenizer: Tokenizer, first: tf.RaggedTensor, second: tf.RaggedTensor
) -> tuple[tf.RaggedTensor, tf.Tensor]:
    """Puts texts behind others, as the encoder was pretrained on them, in a graph.

    Args:
        tokenizer: The encoder's, which gave both and cut neither.
        first: Ids of the one of each pair, ragged int64 [batch, (tokens)], start and end included.
        second: Of the other.

    Returns:
        Ids of the pairs: start, the one, as many ends as the encoder parts texts with, the other,
        end; ragged int64 [batch, (tokens)]. And how many of them are before the first token of
        the other, which is where the second segment begins, int64 [batch].

    Example:
        >>> question, text = tokenizer(["Why?"]), tokenizer(["It fits."])
        >>> pairs, seconds = join_pairs(tokenizer, question, text)
        >>> int(seconds[0]) == len(question[0])
        True
    """
    seconds = first.row_lengths() + tokenizer.separators - 1
    return _behind(tokenizer, first, second, tokenizer.end_id), seconds


def join_offsets(
    tokenizer: Tokenizer, first: tf.RaggedTensor, offsets: tf.RaggedTensor
) -> tf.RaggedTensor:
    """Where the tokens of pairs stand in the second text of each, in a graph.

    Args:
        tokenizer: The encoder's.
        first: Ids of the one of each pair, as `join_pairs` takes them.
        offsets: Places of the tokens of the other, in whatever they are counted, ragged int64
            [batch, (tokens)], with those of its start and end.

    Returns:
        The same for the tokens of the pairs, 0 for what is of the first text; ragged int64
        [batch, (tokens)].
    """
    return _behind(tokenizer, tf.zeros_like(first), offsets, 0)


def _behind(
    tokenizer: Tokenizer, first: tf.RaggedTensor, second: tf.RaggedTensor, parting: int
) -> tf.RaggedTensor:
    more = tokenizer.separators - 1
    splits, behind = first.row_splits, second.row_splits
    joined_splits = splits + behind + (more - 1) * tf.range(tf.size(splits, splits.dtype))
    starts = joined_splits[:-1]
    ends = starts + splits[1:] - splits[:-1]
    partings = tf.reshape(as_places(ends)[:, None] + tf.range(more), [-1])
    # What is put first is written over: the start of the second text by the end before it.
    joined = tf.dynamic_stitch(
        [moved(behind, ends + more - 1), moved(splits, starts), partings],
        [second.values, first.values, tf.zeros_like(partings, first.dtype) + parting],
    )
    return tf.RaggedTensor.from_row_splits(joined, joined_splits, validate=False)
