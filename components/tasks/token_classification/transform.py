"""What Transform adds to the tokens of a text: which of them are of an entity."""

from __future__ import annotations

from collections.abc import Mapping

import tensorflow as tf

from ....models.encoders.base import Tokenizer
from ....models.tasks.token_classification.targets import piece_targets


def transform(
    inputs: Mapping[str, tf.Tensor], tokens: tf.RaggedTensor, tokenizer: Tokenizer
) -> dict[str, tf.Tensor | tf.RaggedTensor]:
    """The targets of a model that finds entities.

    Args:
        inputs: `text` and `spans`: string [batch, 1].
        tokens: As the tokenizer gives them.
        tokenizer: Tells where they stand in the text.

    Returns:
        What `piece_targets` gives for each token; and of each text, int64 [batch], `entities`,
        how many it has, and `cut_entities`, how many of them begin or end inside a piece.
    """
    texts = tf.reshape(inputs["text"], [-1])
    _, starts, ends = tokenizer.tokenize_with_offsets(texts)
    spans = read_spans(tf.reshape(inputs["spans"], [-1]))
    found = piece_targets(texts, starts, ends, spans)
    return {
        "tag": found["tag"],
        "word": found["word"],
        "entities": spans.row_lengths(),
        "cut_entities": found["cut"],
    }


def read_spans(lines: tf.Tensor) -> tf.RaggedTensor:
    """Reads the entities of texts.

    Args:
        lines: `start:end:type` each, with a space between them, see `spans`; string [batch].

    Returns:
        Ragged int64 [batch, (entities), 3].

    Example:
        >>> read_spans(tf.constant(["4:8:0 13:20:1", ""])).to_list()
        [[[4, 8, 0], [13, 20, 1]], []]
    """
    spans = tf.strings.split(lines)
    fields = tf.strings.split(spans.values, ":").to_tensor(shape=[None, 3])
    # Where there is no entity at all there is nothing to read a number of.
    numbers = tf.strings.to_number(tf.where(fields == "", "0", fields), tf.int64)
    return spans.with_values(numbers)
