"""The signature of a model that answers questions: `answer`, which is `serving_default` as well."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from ....models.arrays import rows_of
from ....models.encoders.characters import Characters
from ....models.graph_function import graph_function
from ....models.tasks.question_answering.decision import ReadPairs
from ..base import BLANK, Served
from .answers import INPUTS

_UNLIKE = "there are not as many questions as contexts; give one of each in every row"


def make_signatures(served: Served) -> dict[str, Any]:
    """Makes the signature under its two names.

    Args:
        served: A model in the graph that reads a context behind a question.

    Returns:
        `serving_default` and `answer`, both from `question` and `context` [batch] to `answer`, the
        part of the context, string, `start` and `end` in its characters, int64, and `score`,
        float32, each [batch]. Where there is no answer, as in a context or to a question of which
        nobody sees anything, they are empty, 0 and 0, and the score is that of there being none.
    """

    @graph_function(input_signature=[tf.TensorSpec([None], tf.string, name) for name in INPUTS])
    def serve(question, context):
        texts = tf.size(context, tf.int64)
        alike = tf.debugging.assert_equal(tf.size(question, tf.int64), texts, message=_UNLIKE)
        with tf.control_dependencies([alike]):
            read = served.read_pairs(question, context)
        of_token = tf.gather(read.parts, rows_of(read.outputs.row_splits))
        is_asked = ~tf.strings.regex_full_match(question, BLANK)
        found, first, last, scores = served.decision.answers(
            read.outputs,
            ReadPairs(
                parts=read.parts,
                own=read.own,
                # To something of which nobody sees anything there is no answer.
                context=(read.starts < read.ends) & tf.gather(is_asked, of_token),
                texts=texts,
            ),
        )
        characters = Characters(context)

        def of_texts(values):
            """One of each, 0 where there is no answer."""
            values = tf.where(found, values, 0)
            return tf.RaggedTensor.from_uniform_row_length(values, 1, texts, validate=False)

        bounds = characters.whole(
            of_texts(tf.gather(read.starts, first)), of_texts(tf.gather(read.ends, last))
        )
        start, end = (characters.positions(of).values for of in bounds)
        answer = characters.strings(tf.range(texts), start, end)
        is_seen = ~tf.strings.regex_full_match(answer, BLANK)
        return {
            "answer": tf.where(is_seen, answer, ""),
            "start": tf.where(is_seen, start, 0),
            "end": tf.where(is_seen, end, 0),
            "score": scores,
        }

    return {"serving_default": serve, "answer": serve}
