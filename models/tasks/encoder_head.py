"""What the models of all tasks have: an encoder, and a dense head on it."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from ...errors import RunError
from ..encoders.base import Encoder


class EncoderHead(keras.Model):
    """An encoder whose outputs go through a dropout and a dense layer; tasks derive from it.

    Args:
        encoder: As `load_encoder` gives it.
        outputs: Width of the dense layer.
        dropout: Share of its units dropped while training.
        reads_pooled: Whether it reads the encoder's `pooled_output`. What else would do nothing
            but make that is not trained.

    Attributes:
        encoder: As given.
        dropout: The layer that drops units.
        head: The dense layer, in float32; it is built.
    """

    def __init__(
        self,
        encoder: Encoder,
        outputs: int,
        dropout: float,
        name: str,
        reads_pooled: bool = False,
        **kwargs: Any,
    ):
        super().__init__(name=name, **kwargs)
        self.encoder = encoder
        self._unread = frozenset() if reads_pooled else _pooler(encoder)
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

    @property
    def trainable_variables(self) -> list[keras.Variable]:
        """Those that learn: without a pooler that the model does not read.

        It would have no gradient, of which Keras warns, and an optimizer's slots for nothing.
        """
        return [one for one in super().trainable_variables if id(one) not in self._unread]

    @property
    def trainable_weights(self) -> list[keras.Variable]:
        """See `trainable_variables`."""
        return [one for one in super().trainable_weights if id(one) not in self._unread]

    def export(
        self,
        filepath: str,
        format: str = "tf_saved_model",
        verbose: bool | None = None,
        input_signature: Any = None,
        **kwargs: Any,
    ) -> None:
        """Writes the model as a SavedModel that takes token ids, as Keras does.

        For one that takes texts and answers by name, see `reviewlens.serving.export_model`.

        Args:
            filepath: The folder to write.
            format: As of `keras.Model.export`.
            verbose: Whether Keras says what it wrote.
            input_signature: What `serve` takes; by default what the encoder is called with, in
                any number and of any width.
            **kwargs: Others of `keras.Model.export`.

        Example:
            >>> classifier.export("exported", verbose=False)
            >>> sorted(tf.saved_model.load("exported").signatures)
            ['serve', 'serving_default']
        """
        signature = input_signature or [self.encoder.inputs.signature()]
        super().export(filepath, format, verbose, signature, **kwargs)

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


def _pooler(encoder: Encoder) -> frozenset[int]:
    """What is above the blocks of an encoder, by identity; nothing where it is not known."""
    try:
        return frozenset(
            id(one)
            for one in encoder.trainable_variables
            if encoder.depth_of(one) > encoder.num_layers
        )
    except RunError:
        return frozenset()


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
