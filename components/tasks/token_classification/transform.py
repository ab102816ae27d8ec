"""What Transform adds to the tokens of a text: which of them are of an entity."""

from __future__ import annotations

from collections.abc import Mapping

import tensorflow as tf

from ....models.encoders.base import Tokenizer
from ....models.tasks.token_classification.targets import piece_targets
from ..span_tensors import read_spans


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
    spans = read_spans(tf.reshape(inputs["spans"], [-1]), 3)
    found = piece_targets(texts, starts, ends, spans)
    return {
        "tag": found["tag"],
        "word": found["word"],
        "entities": spans.row_lengths(),
        "cut_entities": found["cut"],
    }
