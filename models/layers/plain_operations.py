"""What a BERT encoder computes between its matrix products when it does not train."""

from __future__ import annotations

import tensorflow as tf


class PlainOperations:
    """The operations of one forward pass, in the form that TensorFlow's optimizer fuses.

    Args:
        epsilon: Added to the variances that norms divide by.
        approximate_gelu: Whether the activation is the tanh approximation of GELU.
        fuse_norms: Write norms in the form of which oneDNN makes one operation.

    Example:
        >>> operations = PlainOperations(1e-12, approximate_gelu=True, fuse_norms=False)
        >>> operations.normalize(tf.constant([[1.0, 3.0]]), tf.ones([2]), tf.zeros([2])).numpy()
        array([[-1.,  1.]], dtype=float32)
    """

    def __init__(self, epsilon: float, approximate_gelu: bool, fuse_norms: bool):
        self._epsilon = epsilon
        self._approximate_gelu = approximate_gelu
        self._fuse_norms = fuse_norms

    def normalize(self, values: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor) -> tf.Tensor:
        """Layer norm of each row of [tokens, size]."""
        if self._fuse_norms:
            return beta + _standardize_fused(values, self._epsilon) * gamma
        standardized, _ = standardize(values, self._epsilon)
        return standardized * gamma + beta

    def attention_weights(
        self, query: tf.Tensor, key: tf.Tensor, padding: tf.Tensor, scale: float
    ) -> tf.Tensor:
        """How much each token takes from each other one.

        Args:
            query: [batch, heads, length, width].
            key: The same.
            padding: Added to the scores, [batch, 1, 1, length].
            scale: Multiplied with the products.

        Returns:
            Weights that sum to 1, [batch, heads, length, length].
        """
        return tf.nn.softmax(tf.matmul(query * scale, key, transpose_b=True) + padding)

    def activate(self, values: tf.Tensor, bias: tf.Tensor) -> tf.Tensor:
        """GELU of [tokens, size] plus a bias [size]."""
        bias = _apart_from_its_variable(bias)
        return tf.nn.gelu(_add_bias(values, bias), approximate=self._approximate_gelu)

    def add_and_normalize(
        self,
        hidden: tf.Tensor,
        update: tf.Tensor,
        bias: tf.Tensor,
        gamma: tf.Tensor,
        beta: tf.Tensor,
    ) -> tf.Tensor:
        """Layer norm of the residual stream [tokens, size] plus an update and its bias."""
        update = tf.cast(_add_bias(update, bias), hidden.dtype)
        return self.normalize(hidden + update, gamma, beta)


def standardize(values: tf.Tensor, epsilon: float) -> tuple[tf.Tensor, tf.Tensor]:
    """Rows with mean 0 and variance 1, and what they were scaled by."""
    centered = values - tf.reduce_mean(values, -1, keepdims=True)
    scale = tf.math.rsqrt(tf.reduce_mean(tf.square(centered), -1, keepdims=True) + epsilon)
    return centered * scale, scale


def _add_bias(values: tf.Tensor, bias: tf.Tensor) -> tf.Tensor:
    return tf.nn.bias_add(values, tf.cast(bias, values.dtype))


def _apart_from_its_variable(values: tf.Tensor) -> tf.Tensor:
    """The same, computed by an operation that the graph optimizer keeps.

    A function waits for all of its reads of variables, by control edges. Of product, bias and GELU
    oneDNN makes one operation, but the pattern that finds them matches nothing with such an edge.
    """
    return tf.squeeze(tf.expand_dims(values, 0), 0)


def _standardize_fused(values: tf.Tensor, epsilon: float) -> tf.Tensor:
    """Rows with mean 0 and variance 1.

    Each row is a channel of a batch norm, as in the layer norm of Keras 2. Only oneDNN has the
    one operation that the graph optimizer makes of it, and without it this form is the slower
    one; but whoever computes in bfloat16 has oneDNN.
    """
    rows, size = tf.shape(values)[0], values.shape[1]
    empty = tf.constant([], tf.float32)
    standardized = tf.raw_ops.FusedBatchNormV3(
        x=tf.reshape(values, [1, rows, size, 1]),
        scale=tf.fill([rows], tf.constant(1.0)),
        offset=tf.fill([rows], tf.constant(0.0)),
        mean=empty,
        variance=empty,
        epsilon=epsilon,
        data_format="NCHW",
        is_training=True,
    ).y
    return tf.reshape(standardized, [rows, size])
