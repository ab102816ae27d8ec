"""The block that BERT's descendants are stacks of, in the form that a processor computes fastest.

All tokens of a batch are the rows of one matrix, and query, key and value come of one product.
What stands between the matrix products is left to `PlainOperations` or `CompiledOperations`.
"""

from __future__ import annotations

import keras
import tensorflow as tf


class TransformerBlock(keras.layers.Layer):
    """Self-attention and a feed-forward part, each added to its input and normalized after.

    Follows Vaswani et al., "Attention Is All You Need", NeurIPS 2017.

    Args:
        hidden_size: Width of the residual stream, a multiple of `num_heads`.
        num_heads: Attention heads.
        intermediate_size: Width of the feed-forward part.
        **kwargs: `name`, `dtype` and `autocast` of a Keras layer.

    Example:
        >>> block = TransformerBlock(16, 2, 32, autocast=False)
        >>> block.build()
        >>> operations = PlainOperations(1e-12, approximate_gelu=True, fuse_norms=False)
        >>> block(tf.ones([6, 16]), padding=tf.zeros([2, 1, 1, 3]), operations=operations).shape
        TensorShape([6, 16])
    """

    # Of attention weights, and of what is added to the residual stream twice.
    dropouts = 3

    def __init__(self, hidden_size: int, num_heads: int, intermediate_size: int, **kwargs):
        super().__init__(**kwargs)
        self._size = hidden_size
        self._heads = num_heads
        self._inner = intermediate_size

    def build(self, input_shape=None) -> None:
        """Makes the weights."""
        self.query_key_value = add_dense(self, "query_key_value", self._size, 3 * self._size)
        self.attention_output = add_dense(self, "attention_output", self._size, self._size)
        self.attention_norm = add_norm(self, "attention_norm", self._size)
        self.intermediate = add_dense(self, "intermediate", self._size, self._inner)
        self.output_ = add_dense(self, "output", self._inner, self._size)
        self.output_norm = add_norm(self, "output_norm", self._size)

    def call(self, hidden: tf.Tensor, padding: tf.Tensor, operations) -> tf.Tensor:
        """Computes the block.

        Args:
            hidden: The residual stream, [batch * length, hidden_size].
            padding: Added to the scores of attention, [batch, 1, 1, length].
            operations: `PlainOperations` or `CompiledOperations` of the forward pass.

        Returns:
            The residual stream after it, of the same shape.
        """
        kernel, bias = values_of(self.attention_output)
        attended = _multiply(self._attend(hidden, padding, operations), kernel)
        norm = values_of(self.attention_norm)
        hidden = operations.add_and_normalize(hidden, attended, bias, *norm)

        kernel, bias = values_of(self.intermediate)
        inner = _multiply(tf.cast(hidden, self.compute_dtype), kernel)
        inner = operations.activate(inner, bias)
        kernel, bias = values_of(self.output_)
        norm = values_of(self.output_norm)
        return operations.add_and_normalize(hidden, _multiply(inner, kernel), bias, *norm)

    def _attend(self, hidden: tf.Tensor, padding: tf.Tensor, operations) -> tf.Tensor:
        """What each token takes from the others, [tokens, hidden_size]."""
        batch, length = tf.shape(padding)[0], tf.shape(padding)[3]
        width = self._size // self._heads
        projected = project(tf.cast(hidden, self.compute_dtype), self.query_key_value)
        projected = tf.reshape(projected, [batch, length, 3, self._heads, width])
        query, key, value = tf.unstack(tf.transpose(projected, [2, 0, 3, 1, 4]))
        attended = operations.attention_weights(query, key, padding, width**-0.5) @ value
        return tf.reshape(tf.transpose(attended, [0, 2, 1, 3]), [batch * length, self._size])


def add_matrix(layer: keras.layers.Layer, name: str, rows: int, columns: int) -> keras.Variable:
    """Gives a layer a table or a kernel [rows, columns], as BERT initializes them."""
    initializer = keras.initializers.TruncatedNormal(stddev=0.02)
    return layer.add_weight((rows, columns), initializer, autocast=False, name=name)


def add_dense(
    layer: keras.layers.Layer, name: str, inputs: int, outputs: int
) -> list[keras.Variable]:
    """Gives a layer the kernel and the bias of a dense layer."""
    bias = layer.add_weight((outputs,), "zeros", autocast=False, name=f"{name}_bias")
    return [add_matrix(layer, f"{name}_kernel", inputs, outputs), bias]


def add_norm(layer: keras.layers.Layer, name: str, size: int) -> list[keras.Variable]:
    """Gives a layer gamma and beta of a layer norm."""
    gamma = layer.add_weight((size,), "ones", autocast=False, name=f"{name}_gamma")
    return [gamma, layer.add_weight((size,), "zeros", autocast=False, name=f"{name}_beta")]


def values_of(weights: list[keras.Variable]) -> list[tf.Tensor]:
    """What the variables hold."""
    return [tf.convert_to_tensor(weight.value) for weight in weights]


def project(inputs: tf.Tensor, weights: list[keras.Variable]) -> tf.Tensor:
    """Product with a kernel plus a bias, in the dtype of the inputs."""
    kernel, bias = values_of(weights)
    return tf.nn.bias_add(_multiply(inputs, kernel), tf.cast(bias, inputs.dtype))


def _multiply(inputs: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
    """Product with a kernel, in the dtype of the inputs."""
    return tf.matmul(inputs, tf.cast(kernel, inputs.dtype))
