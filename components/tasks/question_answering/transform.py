"""What Transform makes of a text and a question: tokens of both, and which are of an answer."""

from __future__ import annotations

from collections.abc import Mapping

import tensorflow as tf

from ....models.encoders.base import Tokenizer
from ....models.encoders.pairs import join_offsets, join_pairs
from ....models.tasks.question_answering.targets import answer_targets
from ..span_tensors import read_spans


def transform(
    inputs: Mapping[str, tf.Tensor], tokens: tf.RaggedTensor, tokenizer: Tokenizer
) -> dict[str, tf.Tensor | tf.RaggedTensor]:
    """The tokens and targets of a model that answers questions.

    Args:
        inputs: `text`, `question` and `spans`: string [batch, 1].
        tokens: Of the texts, as the tokenizer gives them.
        tokenizer: Gives those of the questions, too, and tells where they stand in the text.

    Returns:
        In place of the text's `tokens` those of the questions with the texts behind them, and
        `second`, how many tokens are before those; `answers` and `answered` of `answer_targets`;
        and of each question, int64 [batch], `right_answers`, how many it has, and `cut_answers`,
        how many of them begin or end inside a piece.
    """
    texts = tf.reshape(inputs["text"], [-1])
    questions = tokenizer(tf.reshape(inputs["question"], [-1]))
    pairs, seconds = join_pairs(tokenizer, questions, tokens)
    _, *places = tokenizer.tokenize_with_offsets(texts)
    starts, ends = (join_offsets(tokenizer, questions, each) for each in places)
    spans = read_spans(tf.reshape(inputs["spans"], [-1]), 2)
    found = answer_targets(texts, starts, ends, spans)
    return {
        "tokens": pairs,
        "second": seconds,
        "answers": found["answers"],
        "answered": found["answered"],
        "right_answers": spans.row_lengths(),
        "cut_answers": found["cut"],
    }
