"""The signatures of a classifier: `serving_default` of texts, `classify` of examples."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from ....models.graph_function import graph_function
from ..base import BLANK, Served


def make_signatures(served: Served) -> dict[str, Any]:
    """Makes the two signatures.

    Args:
        served: A classifier in the graph.

    Returns:
        `serving_default` (`text` [batch] to `probabilities` float32 [batch, classes] and
        `label` string [batch]) and `classify` (serialized `tf.Example`s with a bytes feature
        `text` to `classes` and `scores`, both [batch, classes]). A text without a character
        that is seen, or an example without text, gets the prior of the classes.

    Raises:
        ValueError: The model gives another number of logits than there are classes.
    """
    classes = served.labels.shape[0]

    def answers(text):
        is_blank = tf.strings.regex_full_match(text, BLANK)
        logits = served.outputs(text)
        if logits.shape[-1] not in (None, classes):
            raise ValueError(
                f"the model gives {logits.shape[-1]} logits a text; the task has {classes} classes"
            )
        return served.decision.answers(logits, is_blank)

    @graph_function(input_signature=[tf.TensorSpec([None], tf.string, "text")])
    def serve(text):
        probabilities, decided = answers(text)
        return {"probabilities": probabilities, "label": tf.gather(served.labels, decided)}

    @graph_function(input_signature=[tf.TensorSpec([None], tf.string, "inputs")])
    def classify(inputs):
        text = tf.io.parse_example(
            inputs, {"text": tf.io.FixedLenFeature([], tf.string, default_value="")}
        )["text"]
        scores, _ = answers(text)
        return {"classes": tf.tile(served.labels[None], [tf.shape(text)[0], 1]), "scores": scores}

    return {"serving_default": serve, "classify": classify}
