"""Writes encoders as SavedModels with TF Hub's API for text encoders."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping

import numpy as np
import tensorflow as tf

from ..graph_function import graph_function
from ..layers.plain_operations import PlainOperations
from .inputs import EncoderInputs
from .pretraining_heads import TF_HUB_HEAD
from .transformer import TransformerEncoder

_POSITIONS = "masked_lm_positions"


def write_saved_model(
    directory: str,
    encoder: TransformerEncoder,
    weights: Mapping[str, np.ndarray],
    head: Mapping[str, np.ndarray],
    *,
    vocabulary_file: str,
    lower_case: bool,
) -> None:
    """Writes what `tensorflow_hub.load` gives the encoder of.

    Its computation is written down anew, in operations that every TensorFlow has, and with the
    names and shapes of variables that TF Hub's BERT encoders have, by which others convert them.
    An input of types is there even where the encoder heeds none.

    Args:
        directory: There already.
        encoder: What the weights are of.
        weights: Its weights, by TF Hub's names.
        head: See `read_head`; without what guesses masked tokens there is no part `mlm`.
        vocabulary_file: One word piece a line.
        lower_case: Whether the vocabulary is of lower-cased text without accents.
    """
    shaped = {name: _split_heads(name, value, encoder) for name, value in weights.items()}
    variables = {name: tf.Variable(value, name=name) for name, value in shaped.items()}
    graph = _Graph(encoder, variables)
    root = _callable(graph.encode, EncoderInputs().signature(), list(variables.values()))
    root.vocab_file = tf.saved_model.Asset(vocabulary_file)
    root.do_lower_case = tf.Variable(lower_case, trainable=False)
    parts = {
        name: tf.Variable(value, name=name) for name, value in TF_HUB_HEAD.rename(head).items()
    }
    if len(parts) == len(TF_HUB_HEAD.names):
        root.mlm = masked_language_part(
            graph.encode,
            variables["word_embeddings/embeddings"],
            parts,
            graph.operations,
            list(variables.values()),
        )
    tf.saved_model.save(root, directory)


def masked_language_part(
    encode: Callable,
    table: tf.Variable,
    parts: Mapping[str, tf.Variable],
    operations: PlainOperations,
    others: list[tf.Variable],
) -> tf.train.Checkpoint:
    """What `mlm` of an encoder is: the same outputs and `mlm_logits` at `masked_lm_positions`.

    Args:
        encode: The encoder: a function of its inputs and `training`.
        table: Its table of words.
        parts: Those of the head, by TF Hub's names.
        operations: With the encoder's activation and norm.
        others: Variables of the encoder.
    """
    own = {ours: parts[theirs] for ours, theirs in TF_HUB_HEAD.names.items()}

    def predict(inputs, training=False):
        inputs = dict(inputs)
        positions = inputs.pop(_POSITIONS)
        outputs = encode(inputs, training=training)
        hidden = tf.gather(outputs["sequence_output"], positions, batch_dims=1)
        hidden = operations.activate(tf.matmul(hidden, own["dense/kernel"]), own["dense/bias"])
        hidden = operations.normalize(hidden, own["norm/gamma"], own["norm/beta"])
        logits = tf.matmul(hidden, table, transpose_b=True) + own["bias"]
        return {**outputs, "mlm_logits": logits}

    positions = tf.TensorSpec([None, None], tf.int32, _POSITIONS)
    signature = {**EncoderInputs().signature(), _POSITIONS: positions}
    return _callable(predict, signature, [*others, *parts.values()])


def _callable(
    call: Callable, signature: Mapping[str, tf.TensorSpec], variables: list[tf.Variable]
) -> tf.train.Checkpoint:
    """A reusable SavedModel's object: called with and without `training`."""
    traced = graph_function(call)
    for training in (True, False):
        traced.get_concrete_function(dict(signature), training=training)
    made = tf.train.Checkpoint()
    made.__call__ = traced
    made.variables = variables
    made.trainable_variables = variables
    made.regularization_losses = []
    return made


class _Graph:
    """The encoder's computation over variables by TF Hub's names."""

    def __init__(self, encoder: TransformerEncoder, variables: Mapping[str, tf.Variable]):
        self._encoder = encoder
        self._variables = variables
        self.operations = PlainOperations(encoder.epsilon, encoder.approximate_gelu, False)

    def encode(self, inputs, training=False):
        find, encoder = self._variables.__getitem__, self._encoder
        drop = functools.partial(tf.nn.dropout, rate=encoder.dropout if training else 0.0)
        ids, types = inputs["input_word_ids"], inputs["input_type_ids"]
        hidden = tf.gather(find("word_embeddings/embeddings"), ids)
        hidden += find("position_embedding/embeddings")[: tf.shape(ids)[1]]
        if encoder.num_types:
            # With one type there is nothing to choose.
            types = types if encoder.num_types > 1 else tf.zeros_like(types)
            hidden += tf.gather(find("type_embeddings/embeddings"), types)
        hidden = drop(self._norm(hidden, "embeddings/layer_norm"))
        mask = tf.cast(inputs["input_mask"], tf.float32)[:, None, None, :]
        padding = (1.0 - mask) * -1e9
        outputs = []
        for index in range(encoder.num_layers):
            hidden = self._block(hidden, padding, f"transformer/layer_{index}/", drop)
            outputs.append(hidden)
        pooled = hidden[:, 0]
        if encoder.has_pooler:
            kernel, bias = find("pooler_transform/kernel"), find("pooler_transform/bias")
            pooled = tf.tanh(tf.matmul(pooled, kernel) + bias)
        return {
            "sequence_output": hidden,
            "pooled_output": pooled,
            "default": pooled,
            "encoder_outputs": outputs,
        }

    def _block(self, hidden, padding, name, drop):
        find = self._variables.__getitem__
        query, key, value = (
            tf.einsum("bld,dhw->blhw", hidden, find(f"{name}self_attention/{part}/kernel"))
            + find(f"{name}self_attention/{part}/bias")
            for part in ("query", "key", "value")
        )
        scores = tf.einsum("blhw,bmhw->bhlm", query, key) * query.shape[-1] ** -0.5
        weights = drop(tf.nn.softmax(scores + padding))
        attended = tf.einsum("bhlm,bmhw->blhw", weights, value)
        output = f"{name}self_attention/attention_output"
        attended = tf.einsum("blhw,hwd->bld", attended, find(f"{output}/kernel"))
        attended = drop(attended + find(f"{output}/bias"))
        hidden = self._norm(hidden + attended, f"{name}self_attention_layer_norm")
        inner = tf.matmul(hidden, find(f"{name}intermediate/kernel"))
        inner = self.operations.activate(inner, find(f"{name}intermediate/bias"))
        inner = tf.matmul(inner, find(f"{name}output/kernel")) + find(f"{name}output/bias")
        return self._norm(hidden + drop(inner), f"{name}output_layer_norm")

    def _norm(self, values, name):
        gamma, beta = (self._variables[f"{name}/{part}"] for part in ("gamma", "beta"))
        return self.operations.normalize(values, gamma, beta)


def _split_heads(name: str, values: np.ndarray, encoder: TransformerEncoder) -> np.ndarray:
    """TF Hub's attention has an axis for the heads, where ours has one for all of them."""
    heads = encoder.num_heads
    part, _, kind = name.rpartition("/")
    if part.endswith("attention_output") and kind == "kernel":
        return values.reshape(heads, -1, values.shape[-1])
    if part.endswith(("/query", "/key", "/value")):
        return values.reshape(*values.shape[:-1], heads, -1)
    return values
