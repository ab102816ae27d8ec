"""One signature: the tags of a text as a word of 0 and 1, and the share of odd ones."""

from __future__ import annotations

import tensorflow as tf


def make_signatures(served):
    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, "text")])
    def serve(text):
        outputs = served.outputs(text)
        odd = outputs.with_values(tf.cast(served.decision.decided(outputs.values), tf.int32))
        tags = tf.strings.reduce_join(tf.ragged.map_flat_values(tf.strings.as_string, odd), axis=1)
        return {"tags": tags, "share": tf.reduce_mean(tf.cast(odd, tf.float32), axis=1)}

    return {"serving_default": serve}
