"""What is learnt from: a tag for each token, made of the entities of a text in a graph."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from ...arrays import rows_of, search_sorted
from ...encoders.characters import Characters
from ..pieces import Pieces
from .tags import OUTSIDE, begin, inside
from .units import BEGINS, CONTINUES, piece_words

TAG, WORD = "tag", "word"
# In place of the tag of a token that none is learnt of.
IGNORED = -1


def piece_targets(
    texts: tf.Tensor, starts: tf.RaggedTensor, ends: tf.RaggedTensor, spans: tf.RaggedTensor
) -> dict[str, tf.Tensor | tf.RaggedTensor]:
    """Tags of the pieces of whole texts, in a graph.

    Args:
        texts: UTF-8 strings [batch].
        starts: Where their pieces begin, in bytes, ragged int64 [batch, (tokens)], those of start
            and end included; as `Tokenizer.tokenize_with_offsets` gives them.
        ends: Where they end.
        spans: Of each entity the first character, the character behind its last one and the index
            of its type, ragged int64 [batch, (entities), 3]; in order, none overlaps another.

    Returns:
        `tag`: of each token, as if every piece were tagged: the beginning of an entity at the
        first piece that has some of it, its inside at others, 0 elsewhere; ragged int64. `word`:
        of each token, see `piece_words`; ragged int64. `cut`: of each text how many of its
        entities begin or end inside of a piece, so that no tags can say where; int64 [batch].

    Example:
        >>> texts = tf.constant(["Bad pizza"])
        >>> _, starts, ends = tokenizer.tokenize_with_offsets(texts)
        >>> spans = tf.ragged.constant([[[4, 9, 0]]], tf.int64, ragged_rank=1)
        >>> int(tf.reduce_sum(piece_targets(texts, starts, ends, spans)["cut"]))
        0
    """
    characters = Characters(texts)
    words = piece_words(characters, starts, ends)
    pieces = Pieces(characters, starts, ends)
    rows = rows_of(spans.row_splits)
    span_starts, span_ends, kinds = tf.unstack(tf.reshape(spans.values, [-1, 3]), axis=1)
    span_starts, span_ends = (pieces.places(rows, of) for of in (span_starts, span_ends))

    # The first entity that ends behind where the piece begins is of it if it begins in time.
    found = search_sorted(span_ends, pieces.starts, side="right")
    nowhere = tf.fill([1], tf.int64.max)
    is_of_one = tf.gather(tf.concat([span_starts, nowhere], axis=0), found) < pieces.ends
    found = tf.where(is_of_one, found, -1)
    is_first = found != tf.concat([[-1], found], axis=0)[:-1]
    kind = tf.gather(tf.concat([[0], kinds], axis=0), found + 1)
    tags = tf.where(is_first, begin(kind), inside(kind))
    tags = tf.where(is_of_one, tags, OUTSIDE)
    return {
        TAG: starts.with_values(pieces.of_tokens(tags)),
        WORD: words,
        "cut": pieces.cut(rows, span_starts, span_ends),
    }


def unit_tags(tags: np.ndarray, words: np.ndarray, label_pieces: str) -> np.ndarray:
    """Of all tags of pieces those that are learnt.

    Args:
        tags: Of the tokens of whole texts, as `piece_targets` gives them, int [total].
        words: Likewise.
        label_pieces: `first` or `all`, see `ModelSettings`.

    Returns:
        int [total], -1 where none is learnt. With `first` the tag of a word is the first one of
        its pieces that is not 0, as an entity may begin within it.

    Example:
        >>> unit_tags(np.array([0, 0, 1, 2, 0]), np.array([-1, 1, 0, 1, -1]), "first")
        array([-1,  1, -1,  2, -1])
    """
    if label_pieces == "all":
        return np.where(words >= CONTINUES, tags, IGNORED)
    word_of_piece = np.cumsum(words == BEGINS) - 1
    (named,) = np.nonzero((words >= CONTINUES) & (tags != OUTSIDE))
    word, first = np.unique(word_of_piece[named], return_index=True)
    of_word = np.zeros(np.sum(words == BEGINS), tags.dtype)
    of_word[word] = tags[named[first]]
    learnt = np.full_like(tags, IGNORED)
    learnt[words == BEGINS] = of_word
    return learnt
