"""What is learnt: a tag for each token."""

from __future__ import annotations

import dataclasses

import keras
import numpy as np
import tensorflow as tf

from reviewlens.models.arrays import like
from reviewlens.models.encoders.truncation import Truncation
from reviewlens.models.tasks.base import Target
from reviewlens.models.tasks.differences import Difference

TARGETS = {"odd": Target("int32", per_token=True, padding=-1)}


@keras.saving.register_keras_serializable("toy_task")
class TokenTagger(keras.Model):
    """Two logits for each token."""

    def __init__(self, encoder, dropout=0.1, name="tagger", **kwargs):
        super().__init__(name=name, **kwargs)
        self.encoder = encoder
        self.dropout = keras.layers.Dropout(dropout, dtype="float32", name="dropout")
        self.head = keras.layers.Dense(2, dtype="float32", name="head")
        self.head.build((None, encoder.hidden_size))
        # Its weights can be loaded before it has been called.
        self.built = True

    def call(self, inputs, training=None):
        tokens = tf.cast(self.encoder(inputs, training=training)["sequence_output"], tf.float32)
        return self.head(self.dropout(tokens, training=training))

    def get_config(self):
        encoder = keras.saving.serialize_keras_object(self.encoder)
        return {"encoder": encoder, "dropout": self.dropout.rate, "name": self.name}

    @classmethod
    def from_config(cls, config):
        encoder = keras.saving.deserialize_keras_object(config["encoder"])
        return cls(**{**config, "encoder": encoder})


class TagLoss:
    """Cross-entropy, the mean over the tokens that are no padding."""

    def __call__(self, outputs, targets):
        tags = targets["odd"]
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(tf.maximum(tags, 0), outputs)
        return tf.reduce_sum(losses * tf.cast(tags >= 0, tf.float32))

    def count(self, targets):
        return tf.reduce_sum(tf.cast(targets["odd"] >= 0, tf.float32))


@dataclasses.dataclass(frozen=True)
class TagDecision:
    """The second logit has to be higher by so much; the threshold is what is fitted."""

    threshold: float

    def decided(self, outputs):
        return outputs[..., 1] - outputs[..., 0] > like(outputs, self.threshold)

    def facts(self):
        return {"threshold": self.threshold}


@dataclasses.dataclass(frozen=True)
class TokenParity:
    """The task."""

    name = "token-parity"
    labels = ("even", "odd")
    targets = TARGETS
    per_token = True
    reads_all = False
    pairs = False
    metric = "accuracy"

    def config(self):
        return {}

    def build(self, encoder, settings):
        return TokenTagger(encoder, settings.dropout)

    def prepare(self, texts, settings):
        return texts.cut(Truncation(settings.max_tokens, settings.truncation))

    def training_outputs(self, model, inputs):
        return model(inputs, training=True)

    def loss(self, texts, settings):
        return TagLoss()

    def fit_decision(self, outputs, texts, decide_for=None):
        margins = outputs[:, 1] - outputs[:, 0]
        candidates = (
            np.quantile(margins, [0.3, 0.4, 0.5, 0.6, 0.7]).tolist() if len(margins) else []
        )
        decisions = [TagDecision(threshold) for threshold in (0.0, *candidates)]
        return max(
            decisions, key=lambda decision: self.evaluate(outputs, texts, decision)["accuracy"]
        )

    def decision(self, facts):
        return TagDecision(facts["threshold"])

    def evaluate(self, outputs, texts, decision):
        right = decision.decided(outputs) == texts.targets["odd"]
        return {"accuracy": float(right.mean()) if len(right) else 0.0}

    def decided(self, outputs, texts, decision):
        return decision.decided(outputs)

    def fitted(self, outputs, texts, decision):
        return {}

    def compare(self, candidate, reference, texts, decision):
        tags = texts.targets["odd"]
        right, other = (decision.decided(outputs) == tags for outputs in (candidate, reference))
        gains = right.astype(float) - other
        return {"accuracy": Difference.of_mean(gains, random=np.random.default_rng(0))}


def make_task():
    return TokenParity()
