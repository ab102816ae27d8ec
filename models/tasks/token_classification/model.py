"""The tagger: an encoder, one vector per token, one logit per tag."""

from __future__ import annotations

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable("reviewlens")
class TokenClassifier(keras.Model):
    """Turns the word pieces of texts into logits of tags, as BERT's tagger of names does.

    (Devlin et al. 2019, section 5.3.) `fit` takes tags padded to the width of the inputs, int
    [batch, width], with a loss that leaves out those that are not learnt, such as
    `keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=-1)`.

    Args:
        encoder: As `load_encoder` gives it.
        num_tags: How many tags there are: for entities of some types one, and two of each type.
        dropout: Share of the tokens' units dropped while training.

    Example:
        >>> tagger = TokenClassifier(encoder, num_tags=5)
        >>> tokens = encoder.tokenizer(max_tokens=128)(["Great pasta."])
        >>> tagger(encoder.inputs.pack(tokens)).shape[-1]
        5
    """

    def __init__(
        self,
        encoder: keras.layers.Layer,
        num_tags: int,
        dropout: float = 0.1,
        name: str = "tagger",
        **kwargs,
    ):
        super().__init__(name=name, **kwargs)
        self.encoder = encoder
        self.num_tags = num_tags
        self.dropout = keras.layers.Dropout(dropout, dtype="float32", name="dropout")
        # Logits in bfloat16 would have three digits.
        self.head = keras.layers.Dense(
            num_tags,
            kernel_initializer=keras.initializers.TruncatedNormal(stddev=0.02),
            dtype="float32",
            name="head",
        )
        self.head.build((None, encoder.hidden_size))
        # All of its variables are there: weights can be loaded before it is called.
        self.built = True

    def call(self, inputs: dict[str, tf.Tensor], training: bool | None = None) -> tf.Tensor:
        """Computes the logits.

        Args:
            inputs: Those of the encoder, int32 [batch, width].
            training: Whether dropout is on.

        Returns:
            Logits, float32 [batch, width, tags]; those of the padding say nothing.
        """
        tokens = self.encoder(inputs, training=training)["sequence_output"]
        return self.head(self.dropout(tf.cast(tokens, tf.float32), training=training))

    def get_config(self) -> dict:
        """The arguments it was made with, the encoder serialised."""
        return {
            "encoder": keras.saving.serialize_keras_object(self.encoder),
            "num_tags": self.num_tags,
            "dropout": self.dropout.rate,
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config: dict) -> TokenClassifier:
        """Makes the tagger that `get_config` described, with fresh weights."""
        encoder = keras.saving.deserialize_keras_object(config["encoder"])
        return cls(**{**config, "encoder": encoder})
