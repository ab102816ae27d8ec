"""The signatures of a classifier: `serving_default` of texts, `classify` of examples."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from ..base import Served


def make_signatures(served: Served) -> dict[str, Any]:
    """Makes the two signatures.

    Args:
        served: A classifier in the graph.

    Returns:
        `serving_default` (`text` [batch] to `probabilities` float32 [batch, classes] and
        `label` string [batch]) and `classify` (serialized `tf.Example`s with a bytes feature
        `text` to `classes` and `scores`, both [batch, classes]).
    """

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "text")])
    def serve(text):
        logits = served.outputs(text)
        return {
            "probabilities": served.decision.probabilities(logits),
            "label": tf.gather(served.labels, served.decision.decided(logits)),
        }

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "inputs")])
    def classify(inputs):
        text = tf.io.parse_example(
            inputs, {"text": tf.io.FixedLenFeature([], tf.string, default_value="")}
        )["text"]
        scores = served.decision.probabilities(served.outputs(text))
        return {"classes": tf.tile(served.labels[None], [tf.shape(text)[0], 1]), "scores": scores}

    return {"serving_default": serve, "classify": classify}
