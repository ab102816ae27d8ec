"""The head that tells masked pieces, and the one that tells whether texts follow each other."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from ...layers.compiled_operations import CompiledOperations
from ...layers.plain_operations import PlainOperations
from ...layers.transformer import add_dense, add_norm, project, values_of


class PieceHead(keras.layers.Layer):
    """Logits of all pieces from vectors of tokens, by the encoder's own table of them.

    BERT's head (Devlin et al. 2019) and RoBERTa's: a dense layer, GELU, a norm, the product with
    the table and a bias for each piece. In training the products are in the compute dtype of the
    policy, otherwise the one with the table is in float32.

    Args:
        vocabulary_size: Rows of the table.
        hidden_size: Width of the vectors.
        width: Of the table.
        epsilon: Added to the variances that the norm divides by.
        approximate_gelu: Whether the activation is the tanh approximation of GELU.
        **kwargs: `name` and `dtype` of a Keras layer.
    """

    def __init__(
        self,
        vocabulary_size: int,
        hidden_size: int,
        width: int,
        epsilon: float,
        approximate_gelu: bool,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.autocast = False
        self._epsilon = epsilon
        self._approximate_gelu = approximate_gelu
        self.dense = add_dense(self, "dense", hidden_size, width)
        self.norm = add_norm(self, "norm", width)
        self.bias = self.add_weight((vocabulary_size,), "zeros", autocast=False, name="bias")
        self.built = True

    def call(self, vectors: tf.Tensor, table: tf.Tensor, training: bool | None = None) -> tf.Tensor:
        """Computes the logits.

        Args:
            vectors: Of the encoder, [tokens, hidden_size].
            table: The encoder's, [vocabulary_size, width].
            training: Whether it is for a training.

        Returns:
            Logits [tokens, vocabulary_size], in the compute dtype while training and in float32
            otherwise.
        """
        kernel, bias = values_of(self.dense)
        operations = self._operations(training)
        vectors = tf.cast(vectors, self.compute_dtype)
        values = operations.activate(tf.matmul(vectors, tf.cast(kernel, vectors.dtype)), bias)
        dtype = self.compute_dtype if training else "float32"
        values = operations.normalize(tf.cast(values, self.variable_dtype), *values_of(self.norm))
        logits = tf.matmul(tf.cast(values, dtype), tf.cast(table, dtype), transpose_b=True)
        return tf.nn.bias_add(logits, tf.cast(self.bias.value, dtype))

    def _operations(self, training: bool | None) -> PlainOperations | CompiledOperations:
        if not training:
            return PlainOperations(self._epsilon, self._approximate_gelu, fuse_norms=False)
        return CompiledOperations(
            self.compute_dtype,
            self._epsilon,
            self._approximate_gelu,
            dropout=0.0,
            seed=tf.zeros([2], tf.int32),
            calls=1,
        )


class NextHead(keras.layers.Layer):
    """Logits of whether the second part of a text follows the first, or is from elsewhere.

    Args:
        hidden_size: Width of the encoder's pooled outputs.
        **kwargs: `name` of a Keras layer.
    """

    def __init__(self, hidden_size: int, **kwargs: Any):
        super().__init__(**kwargs)
        self.autocast = False
        self.dense = add_dense(self, "dense", hidden_size, 2)
        self.built = True

    def call(self, pooled: tf.Tensor) -> tf.Tensor:
        """Computes the logits, float32 [batch, 2], of pooled outputs [batch, hidden_size]."""
        return project(tf.cast(pooled, tf.float32), self.dense)
