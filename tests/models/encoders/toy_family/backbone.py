"""A table of words and one layer."""

from __future__ import annotations

import keras
import tensorflow as tf

from reviewlens.models import EncoderInputs

from .tokenizer import HashTokenizer


@keras.saving.register_keras_serializable("toy")
class WordEncoder(keras.layers.Layer):
    """Each word's vector and that of the word before it, through one dense layer."""

    num_layers = 1
    max_positions = 64
    inputs = EncoderInputs(has_types=False)
    precisions = ("float32",)

    def __init__(self, vocabulary_size, hidden_size, buckets_file="", dropout=0.1, **kwargs):
        super().__init__(**kwargs)
        self.vocabulary_size = vocabulary_size
        self.hidden_size = hidden_size
        self.buckets_file = buckets_file
        self.dropout = dropout
        self.table = self.add_weight((vocabulary_size, hidden_size), name="table")
        self.kernel = self.add_weight((hidden_size, hidden_size), name="kernel")
        self.bias = self.add_weight((hidden_size,), name="bias")
        self.built = True

    @property
    def word_embeddings(self):
        return self.table

    def tokenizer(self, max_tokens, truncation="head"):
        return HashTokenizer(self.buckets_file, max_tokens=max_tokens, truncation=truncation)

    def depth_of(self, variable):
        for depth, weights in enumerate([[self.table], [self.kernel, self.bias]]):
            if any(weight is variable for weight in weights):
                return depth
        raise ValueError(f"{variable.path} is no weight of {self.path}")

    def is_decayed(self, variable):
        self.depth_of(variable)
        return variable is not self.bias

    def call(self, inputs, training=None):
        mask = tf.cast(inputs["input_mask"], tf.float32)[:, :, None]
        hidden = tf.gather(self.table.value, inputs["input_word_ids"]) * mask
        if training:
            hidden = tf.nn.dropout(hidden, self.dropout)
        hidden = hidden + tf.roll(tf.pad(hidden, [[0, 0], [0, 1], [0, 0]]), 1, 1)[:, :-1]
        hidden = tf.tanh(hidden @ self.kernel.value + self.bias.value)
        pooled = tf.reduce_sum(hidden * mask, 1) / tf.maximum(tf.reduce_sum(mask, 1), 1)
        return {"sequence_output": hidden, "pooled_output": pooled}

    def compute_output_spec(self, inputs, training=None):
        batch, length = inputs["input_word_ids"].shape
        return {
            "sequence_output": keras.KerasTensor((batch, length, self.hidden_size)),
            "pooled_output": keras.KerasTensor((batch, self.hidden_size)),
        }

    def get_config(self):
        own = ("vocabulary_size", "hidden_size", "buckets_file", "dropout")
        return {**super().get_config(), **{name: getattr(self, name) for name in own}}
