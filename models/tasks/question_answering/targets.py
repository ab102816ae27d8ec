"""What is learnt from: which tokens are of an answer, made of its characters in a graph."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from ...arrays import rows_of, search_sorted
from ...encoders.characters import Characters
from ..base import AnyTexts
from ..pieces import Pieces

ANSWERS, ANSWERED = "answers", "answered"
# In place of the answers of a token that is of none because it is not of the text.
NOWHERE = -1
# As many answers of a question have a bit of what a token has; those behind them do not count.
MOST_ANSWERS = 30
# What `answered` says: there is no answer; the row has all of the first one; it has not.
NONE, HERE, ELSEWHERE = range(3)


def answer_targets(
    texts: tf.Tensor, starts: tf.RaggedTensor, ends: tf.RaggedTensor, answers: tf.RaggedTensor
) -> dict[str, tf.Tensor | tf.RaggedTensor]:
    """Which tokens of questions and their texts are of an answer, in a graph.

    Args:
        texts: UTF-8 strings [batch], without the questions.
        starts: Where the tokens of each pair begin in the text, in bytes, ragged int64 [batch,
            (tokens)]; of those that stand for nothing of it where they end, see `join_offsets`.
        ends: Where they end.
        answers: Of each answer the first character and the character behind its last one, ragged
            int64 [batch, (answers), 2]. The first answer is the one that is learnt, the others
            would be right, too.

    Returns:
        `answers`: of each token a number whose bit k is 1 where some of the token is of answer k,
        of which there are 30 at most; -1 where the token stands for nothing of the text; ragged
        int64. `answered`: 1 where there is an answer, otherwise 0; int64 [batch]. `cut`: how many
        answers begin or end inside of a token, so that no tokens can say where; int64 [batch].

    Example:
        >>> texts = tf.constant(["Bad pizza"])
        >>> _, *offsets = tokenizer.tokenize_with_offsets(texts)
        >>> offsets = [join_offsets(tokenizer, tokenizer(["What?"]), of) for of in offsets]
        >>> spans = tf.ragged.constant([[[4, 9]]], tf.int64, ragged_rank=1)
        >>> answer_targets(texts, *offsets, spans)["answers"][0, :6].numpy().tolist()
        [-1, -1, -1, -1, 0, 1]
    """
    pieces = Pieces(Characters(texts), starts, ends)
    rows = rows_of(answers.row_splits)
    places = tf.reshape(answers.values, [-1, 2])
    begin, end = (pieces.places(rows, places[:, side]) for side in range(2))
    first = search_sorted(pieces.ends, begin, side="right")
    behind = search_sorted(pieces.starts, end)
    index = tf.range(tf.size(rows, tf.int64)) - tf.gather(answers.row_splits, rows)
    bit = tf.where(index < MOST_ANSWERS, tf.bitwise.left_shift(tf.ones_like(index), index), 0)
    # Each bit comes and goes within its text, so that none is carried over.
    changes = tf.scatter_nd(
        tf.concat([first, tf.maximum(first, behind)], axis=0)[:, None],
        tf.concat([bit, -bit], axis=0),
        tf.size(pieces.starts, tf.int64)[None] + 1,
    )
    of_pieces = tf.cumsum(changes)[:-1]
    return {
        ANSWERS: starts.with_values(pieces.of_tokens(of_pieces - NOWHERE) + NOWHERE),
        ANSWERED: tf.cast(answers.row_lengths() > 0, tf.int64),
        "cut": pieces.cut(rows, begin, end),
    }


def answers_here(whole: AnyTexts, read: AnyTexts) -> np.ndarray:
    """What each row that is read has of the answer that is learnt.

    Args:
        whole: Texts, with the targets that `answer_targets` gives.
        read: The same in windows.

    Returns:
        `NONE`, `HERE` or `ELSEWHERE`, int32 [rows].
    """
    there, here = _sizes(whole), _sizes(read)
    if read.parts is not None:
        there = there[read.parts]
    found = np.where((here == there) & (here > 0), HERE, ELSEWHERE)
    return np.where(read.targets[ANSWERED] > 0, found, NONE).astype(np.int32)


def _sizes(texts: AnyTexts) -> np.ndarray:
    """How many tokens of each row are of the answer that is learnt, int64 [rows]."""
    answers = texts.targets[ANSWERS]
    of_first = np.cumsum((answers > 0) & (answers % 2 == 1))
    return np.diff(np.concatenate([[0], of_first])[texts.row_splits])
