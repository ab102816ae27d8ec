"""Models with heads of one's own are served; what they lack for it is said."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from reviewlens.models import Calibration, Decision, TextClassification, load_encoder
from reviewlens.serving import EncoderModel, LocalModel, export_model

CLASSES = ("bad", "fair", "good")
DECISION = Decision(Calibration(1.0, (0.0,) * 3), offsets=(0.0,) * 3)


class Wide(keras.Model):
    """Two layers on the longest of each unit."""

    def __init__(self, encoder, outputs=3, of=lambda logits: logits):
        super().__init__()
        self.encoder = encoder
        self.hidden = keras.layers.Dense(8, "relu")
        self.head = keras.layers.Dense(outputs)
        self.of = of

    def call(self, inputs, training=None):
        tokens = self.encoder(inputs, training=training)["sequence_output"]
        mask = tf.cast(inputs["input_mask"], tf.float32)[:, :, None]
        return self.of(self.head(self.hidden(tf.reduce_max(tokens - 1e9 * (1 - mask), axis=1))))


@pytest.fixture(scope="module")
def encoder(tiny_encoder):
    return load_encoder(tiny_encoder)


def export(model, tokenizer, directory):
    export_model(
        str(directory),
        task=TextClassification(CLASSES),
        model=EncoderModel(model, tokenizer),
        decision=DECISION,
    )


def test_a_model_with_a_head_of_ones_own_is_served(encoder, reviews, tmp_path):
    model, tokenizer = Wide(encoder), encoder.tokenizer(max_tokens=32)
    export(model, tokenizer, tmp_path / "1")
    logits = model(encoder.inputs.pack(tokenizer(reviews[:8])))
    found = LocalModel(str(tmp_path)).predict(reviews[:8])
    expected = tf.nn.softmax(logits).numpy()
    served = np.array([list(prediction.probabilities.values()) for prediction in found])
    np.testing.assert_allclose(served, expected, atol=1e-5)


@pytest.mark.parametrize(
    ("make", "error", "told"),
    [
        (lambda encoder: keras.Sequential([keras.layers.Dense(3)]), TypeError, "`encoder` what"),
        (lambda encoder: Wide(encoder, 5), ValueError, "gives 5 logits a text; the task has 3"),
        (lambda encoder: Wide(encoder, 3, lambda x: [x]), TypeError, "more than one tensor; to"),
        (
            lambda encoder: Wide(encoder, 3, lambda logits: tf.argmax(logits, 1)),
            TypeError,
            r"Wide gives int64 \[None\]; to be served it gives logits, float32 \[batch, classes\]",
        ),
    ],
)
def test_what_a_model_lacks_to_be_served_is_said(encoder, make, error, told, tmp_path):
    with pytest.raises(error, match=told):
        export(make(encoder), encoder.tokenizer(max_tokens=32), tmp_path / "1")
