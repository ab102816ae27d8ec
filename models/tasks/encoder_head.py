"""What the models of all tasks have: an encoder, and a dense head on it."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from ..encoders.base import Encoder


class EncoderHead(keras.Model):
    """An encoder whose outputs go through a dropout and a dense layer; tasks derive from it.

    Args:
        encoder: As `load_encoder` gives it.
        outputs: Width of the dense layer.
        dropout: Share of its units dropped while training.

    Attributes:
        encoder: As given.
        dropout: The layer that drops units.
        head: The dense layer, in float32; it is built.
    """

    def __init__(self, encoder: Encoder, outputs: int, dropout: float, name: str, **kwargs: Any):
        super().__init__(name=name, **kwargs)
        self.encoder = encoder
        self.dropout = keras.layers.Dropout(dropout, dtype="float32", name="dropout")
        # Logits in bfloat16 would have three digits.
        self.head = keras.layers.Dense(
            outputs,
            kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.02),
            dtype="float32",
            name="head",
        )
        self.head.build((None, encoder.hidden_size))
        # All of its variables are there: weights can be loaded before it is called.
        self.built = True

    def get_config(self) -> dict:
        """The arguments it was made with, the encoder serialised."""
        return {
            "encoder": keras.saving.serialize_keras_object(self.encoder),
            "dropout": self.dropout.rate,
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config: dict) -> EncoderHead:
        """Makes the model that `get_config` described, with fresh weights."""
        encoder = keras.saving.deserialize_keras_object(config["encoder"])
        return cls(**{**config, "encoder": encoder})


class TokenHead(EncoderHead):
    """An encoder with the same dense layer on each token; see `EncoderHead`."""

    def call(self, inputs: dict[str, tf.Tensor], training: bool | None = None) -> tf.Tensor:
        """Computes the logits.

        Args:
            inputs: Those of the encoder, int32 [batch, width].
            training: Whether dropout is on.

        Returns:
            Logits, float32 [batch, width, outputs]; those of the padding say nothing.
        """
        tokens = self.encoder(inputs, training=training)["sequence_output"]
        return self.head(self.dropout(tf.cast(tokens, tf.float32), training=training))
