"""What a BERT encoder computes between its matrix products while it trains.

TensorFlow runs a dropout, an addition and a norm as a dozen operations, each of which reads and
writes a whole matrix, and in bfloat16 most of them are slow. XLA makes one pass of them. The
gradients are written by hand, so that little has to be kept for them: what was dropped is drawn
again from the same seed.
"""

from __future__ import annotations

import math

import tensorflow as tf

from ..graph_function import graph_function
from ..random_bits import mix
from .plain_operations import standardize

_compiled = graph_function(jit_compile=True)


class CompiledOperations:
    """The operations of one forward pass with dropout; see `PlainOperations` for their meaning.

    Sums, norms and activations are computed in float32 and rounded once, to `dtype`. XLA
    compiles each operation once for each shape, which takes some hundredths of a second.

    Args:
        dtype: Of the residual stream and of everything that is handed on.
        epsilon: Added to the variances that norms divide by.
        approximate_gelu: Whether the activation is the tanh approximation of GELU.
        dropout: Share of the elements that are zeroed, in [0, 1); the others are scaled up.
        seed: Decides which elements, integers [2].
        calls: Dropouts of one forward pass.

    Example:
        >>> operations = CompiledOperations("float32", 1e-12, True, 0.1, tf.constant([1, 2]), 3)
        >>> operations.activate(tf.ones([2, 4]), tf.zeros([4])).shape
        TensorShape([2, 4])
    """

    def __init__(
        self,
        dtype: str,
        epsilon: float,
        approximate_gelu: bool,
        dropout: float,
        seed: tf.Tensor,
        calls: int,
    ):
        self._dtype = tf.as_dtype(dtype)
        self._epsilon = epsilon
        self._approximate_gelu = approximate_gelu
        self._rate = dropout
        seeds = tf.random.stateless_uniform([calls], tf.cast(seed, tf.int32), None, None, tf.uint32)
        self._seeds = iter(tf.unstack(seeds))

    def normalize(self, values: tf.Tensor, gamma: tf.Tensor, beta: tf.Tensor) -> tf.Tensor:
        """Normalizes the embeddings, then drops."""
        seed = next(self._seeds)

        @tf.custom_gradient
        def call(values, gamma, beta):
            output, standardized, scale = _normalize(
                values, gamma, beta, seed, self._dtype, self._epsilon, self._rate
            )

            def gradient(upstream):
                return _normalize_gradient(standardized, scale, gamma, seed, upstream, self._rate)

            return output, gradient

        return call(*map(_exact, (values, gamma, beta)))

    def attention_weights(
        self, query: tf.Tensor, key: tf.Tensor, padding: tf.Tensor, scale: float
    ) -> tf.Tensor:
        """Weighs, then drops."""
        seed = next(self._seeds)

        @tf.custom_gradient
        def call(scores):
            weights, dropped = _attention_weights(scores, padding, seed, scale, self._rate)

            def gradient(upstream):
                return _attention_weights_gradient(weights, upstream, seed, scale, self._rate)

            return dropped, gradient

        return call(tf.matmul(query, key, transpose_b=True))

    def activate(self, values: tf.Tensor, bias: tf.Tensor) -> tf.Tensor:
        """Adds a bias and activates."""

        @tf.custom_gradient
        def call(values, bias):
            def gradient(upstream):
                values_gradient = _gelu_gradient(values, bias, upstream, self._approximate_gelu)
                return values_gradient, _column_sums(values_gradient)

            return _gelu(values, bias, self._approximate_gelu), gradient

        return call(values, _exact(bias))

    def add_and_normalize(
        self,
        hidden: tf.Tensor,
        update: tf.Tensor,
        bias: tf.Tensor,
        gamma: tf.Tensor,
        beta: tf.Tensor,
    ) -> tf.Tensor:
        """Adds a bias, drops, adds to the residual stream and normalizes."""
        seed = next(self._seeds)

        @tf.custom_gradient
        def call(hidden, update, bias, gamma, beta):
            output, standardized, scale = _add_and_normalize(
                hidden, update, bias, gamma, beta, seed, self._epsilon, self._rate
            )

            def gradient(upstream):
                hidden_gradient, update_gradient, *norm_gradients = _add_and_normalize_gradient(
                    standardized, scale, gamma, seed, upstream, self._rate
                )
                bias_gradient = _column_sums(update_gradient)
                return hidden_gradient, update_gradient, bias_gradient, *norm_gradients

            return output, gradient

        return call(hidden, update, *map(_exact, (bias, gamma, beta)))


def cross_entropy(logits: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    """What classes cost of which there are tens of thousands, such as the pieces of a vocabulary.

    The logits are read once for the costs and once for their gradient, which is rounded to their
    format; nothing else of their size is made.

    Args:
        logits: Of each class, [rows, classes].
        labels: The right ones, int32 [rows].

    Returns:
        Minus the logarithm of their probabilities, float32 [rows].

    Example:
        >>> cross_entropy(tf.constant([[0.0, 0.0], [9.0, 0.0]]), tf.constant([1, 1])).numpy()
        array([0.6931472, 9.000123 ], dtype=float32)
    """

    @tf.custom_gradient
    def call(logits):
        costs, totals = _cross_entropy(logits, labels)

        def gradient(upstream):
            return _cross_entropy_gradient(logits, labels, totals, upstream)

        return costs, gradient

    return call(logits)


@_compiled
def _cross_entropy(logits, labels):
    exact = _exact(logits)
    greatest = tf.reduce_max(exact, -1)
    totals = greatest + tf.math.log(tf.reduce_sum(tf.exp(exact - greatest[:, None]), -1))
    return totals - tf.gather(exact, labels, batch_dims=1), totals


@_compiled
def _cross_entropy_gradient(logits, labels, totals, upstream):
    right = tf.range(tf.shape(logits)[1]) == labels[:, None]
    gradient = tf.exp(_exact(logits) - totals[:, None]) - _exact(right)
    return tf.cast(gradient * upstream[:, None], logits.dtype)


@_compiled
def _normalize(values, gamma, beta, seed, dtype, epsilon, rate):
    standardized, scale = standardize(values, epsilon)
    output = _drop(standardized * gamma + beta, seed, rate)
    return tf.cast(output, dtype), tf.cast(standardized, dtype), scale


@_compiled
def _normalize_gradient(standardized, scale, gamma, seed, upstream, rate):
    upstream = _drop(_exact(upstream), seed, rate)
    return _standardize_gradient(_exact(standardized), scale, gamma, upstream)


@_compiled
def _attention_weights(scores, padding, seed, scale, rate):
    weights = tf.nn.softmax(_exact(scores) * scale + _exact(padding))
    dropped = _drop(weights, seed, rate)
    return tf.cast(weights, scores.dtype), tf.cast(dropped, scores.dtype)


@_compiled
def _attention_weights_gradient(weights, upstream, seed, scale, rate):
    exact = _exact(weights)
    weighted = _drop(_exact(upstream), seed, rate) * exact
    scores = weighted - exact * tf.reduce_sum(weighted, -1, keepdims=True)
    return tf.cast(scores * scale, weights.dtype)


@_compiled
def _gelu(values, bias, approximate):
    return tf.cast(tf.nn.gelu(_exact(values) + bias, approximate), values.dtype)


@_compiled
def _gelu_gradient(values, bias, upstream, approximate):
    inputs = _exact(values) + bias
    if approximate:
        slope = math.sqrt(2 / math.pi)
        tanh = tf.tanh(slope * (inputs + 0.044715 * inputs**3))
        bend = slope * (1 + 3 * 0.044715 * inputs**2)
        derivative = 0.5 * (1 + tanh + inputs * (1 - tanh**2) * bend)
    else:
        density = tf.exp(-0.5 * inputs**2) / math.sqrt(2 * math.pi)
        derivative = 0.5 * (1 + tf.math.erf(inputs * math.sqrt(0.5))) + inputs * density
    return tf.cast(_exact(upstream) * derivative, values.dtype)


@_compiled
def _add_and_normalize(hidden, update, bias, gamma, beta, seed, epsilon, rate):
    total = _exact(hidden) + _drop(_exact(update) + bias, seed, rate)
    standardized, scale = standardize(total, epsilon)
    output = standardized * gamma + beta
    return tf.cast(output, hidden.dtype), tf.cast(standardized, hidden.dtype), scale


@_compiled
def _add_and_normalize_gradient(standardized, scale, gamma, seed, upstream, rate):
    total, *norm_gradients = _standardize_gradient(
        _exact(standardized), scale, gamma, _exact(upstream)
    )
    update = _drop(total, seed, rate)
    dtype = standardized.dtype
    return tf.cast(total, dtype), tf.cast(update, dtype), *norm_gradients


def _exact(values):
    return tf.cast(values, tf.float32)


def _standardize_gradient(standardized, scale, gamma, upstream):
    """Gradients of a layer norm for its inputs, gamma and beta."""
    inner = upstream * gamma
    shift = tf.reduce_mean(inner, -1, keepdims=True)
    stretch = tf.reduce_mean(inner * standardized, -1, keepdims=True)
    inputs = scale * (inner - shift - standardized * stretch)
    return inputs, tf.reduce_sum(upstream * standardized, 0), tf.reduce_sum(upstream, 0)


def _column_sums(values):
    """Sums over rows, as a matrix product: faster than summing, and with float32 sums inside."""
    ones = tf.ones([1, tf.shape(values)[0]], values.dtype)
    return _exact(tf.squeeze(ones @ values, 0))


def _drop(values, seed, rate):
    """Zeroes a share of the elements and scales up the rest; the same ones for the same seed."""
    # A random generator of tensors would cost more than everything around it.
    bits = mix(mix(_positions(values, seed)) ^ seed)
    kept = bits >= tf.constant(int(rate * 2**32), tf.uint32)
    return tf.where(kept, values / (1 - rate), 0.0)


def _positions(values, seed):
    """Numbers the elements from 0, in the shape of `values`."""
    # Counted from the seed on, which is taken off in the end: numbers that are known beforehand
    # TensorFlow would put into the program of each shape as a constant, in several copies, and
    # keep them for ever. With 256 word pieces that came to gigabytes.
    positions = seed
    for size in tf.unstack(tf.shape(values)):
        steps = tf.cast(tf.range(size), tf.uint32)
        positions = positions[..., None] * tf.cast(size, tf.uint32) + steps
    return positions - seed * tf.cast(tf.size(values), tf.uint32)
