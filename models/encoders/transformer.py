"""What the encoders of BERT's kind have in common: all but their tokenizers and their names."""

from __future__ import annotations

import keras
import tensorflow as tf

from ..layers.compiled_operations import CompiledOperations
from ..layers.plain_operations import PlainOperations
from ..layers.transformer import (
    TransformerBlock,
    add_dense,
    add_matrix,
    add_norm,
    project,
    values_of,
)
from .freezing import Freezable
from .inputs import EncoderInputs


class TransformerEncoder(Freezable):
    """Embeddings, a stack of post-norm transformer blocks and maybe a pooler.

    All tokens of a batch are the rows of one matrix. The gradient of the word embeddings is
    sparse (`tf.IndexedSlices`). Matrix products are in the compute dtype of the policy. So is
    the residual stream while training, rounded once after each norm; otherwise it is in the
    variable dtype: float32 under `mixed_bfloat16` and bfloat16 under `bfloat16`.

    A family derives from it, adds `tokenizer`, and sets `padding_id` if it is not 0.

    Args:
        vocabulary_size: Rows of the table of tokens.
        hidden_size: Width of the residual stream, a multiple of `num_heads`.
        num_layers: Transformer blocks.
        num_heads: Attention heads a block.
        intermediate_size: Width of a block's feed-forward part.
        max_positions: Longest input, in tokens.
        num_types: Different values of `input_type_ids`. With one the input is not asked for,
            with none there is no table of them either.
        has_pooler: Whether `pooled_output` is a dense layer and a tanh over the first token's
            vector; otherwise it is that vector.
        epsilon: Added to the variances that norms divide by.
        approximate_gelu: Whether the activation is the tanh approximation of GELU, or GELU itself.
        dropout: Share of units and of attention weights dropped while training, in [0, 1).
        seed: Of the dropout; drawn by `keras.utils.set_random_seed` where None.
        **kwargs: `name` and `dtype` of a Keras layer.
    """

    padding_id = 0

    def __init__(
        self,
        vocabulary_size: int,
        hidden_size: int,
        num_layers: int,
        num_heads: int,
        intermediate_size: int,
        *,
        max_positions: int,
        num_types: int,
        has_pooler: bool,
        epsilon: float,
        approximate_gelu: bool,
        dropout: float,
        seed: int | None,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.vocabulary_size = vocabulary_size
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.num_heads = num_heads
        self.intermediate_size = intermediate_size
        self.max_positions = max_positions
        self.num_types = num_types
        self.has_pooler = has_pooler
        self.epsilon = epsilon
        self.approximate_gelu = approximate_gelu
        self.dropout = dropout
        self.seed = seed
        # Casts are explicit below: the residual stream stays in the dtype of the weights.
        self.autocast = False
        self._seeds = keras.random.SeedGenerator(seed)
        self.blocks = [
            TransformerBlock(
                hidden_size,
                num_heads,
                intermediate_size,
                dtype=self.dtype_policy,
                autocast=False,
                name=f"layer_{index}",
            )
            for index in range(num_layers)
        ]
        self.build()

    @property
    def inputs(self) -> EncoderInputs:
        """What it is called with."""
        return EncoderInputs(padding_id=self.padding_id, has_types=self.num_types > 1)

    @property
    def precisions(self) -> tuple[str, ...]:
        """Formats that it can be served in."""
        return ("float32", "bfloat16")

    def build(self, input_shape=None) -> None:
        """Makes the weights; the constructor has done so already."""
        if self.built:
            return
        size = self.hidden_size
        self.word_embeddings = add_matrix(self, "word_embeddings", self.vocabulary_size, size)
        self.position_embeddings = add_matrix(self, "position_embeddings", self.max_positions, size)
        if self.num_types:
            self.type_embeddings = add_matrix(self, "type_embeddings", self.num_types, size)
        self.embeddings_norm = add_norm(self, "embeddings_norm", size)
        for block in self.blocks:
            block.build()
        self.pooler = add_dense(self, "pooler", size, size) if self.has_pooler else []
        self.built: bool = True

    def depth_of(self, variable: keras.Variable) -> int:
        """Tells which layer a weight is of.

        Args:
            variable: One of the layer's trainable weights.

        Returns:
            0 for the embeddings, from 1 on for the blocks, `num_layers + 1` for the pooler.

        Raises:
            ValueError: If it is none of them.
        """
        tables = [self.word_embeddings, self.position_embeddings]
        if self.num_types:
            tables.append(self.type_embeddings)
        blocks = [block.weights for block in self.blocks]
        layers = [[*tables, *self.embeddings_norm], *blocks, self.pooler]
        for depth, weights in enumerate(layers):
            if any(weight is variable for weight in weights):
                return depth
        raise ValueError(f"{variable.path} is no weight of {self.path}")

    def is_decayed(self, variable: keras.Variable) -> bool:
        """Tells whether weight decay applies to a weight.

        Args:
            variable: One of the layer's trainable weights.

        Returns:
            Whether it is a table or a kernel, and not of a norm or a bias.

        Raises:
            ValueError: If it is none of them.
        """
        self.depth_of(variable)
        return len(variable.shape) == 2

    def call(self, inputs: dict[str, tf.Tensor], training: bool | None = None):
        """Encodes a batch.

        Args:
            inputs: `input_word_ids`, `input_mask` (1 for tokens, 0 for padding, which is at the
                end) and, where there are several types, `input_type_ids`; int32 [batch, length]
                with length up to `max_positions`.
            training: Whether dropout is on.

        Returns:
            `sequence_output` [batch, length, hidden_size] and `pooled_output` [batch,
            hidden_size], in the compute dtype of the layer's policy.
        """
        ids = inputs["input_word_ids"]
        batch, length = tf.unstack(tf.shape(ids))
        operations = self._operations(training)
        positions = self.position_embeddings.value[:length]
        if self.num_types == 1:
            positions += self.type_embeddings.value
        hidden = tf.gather(self.word_embeddings.value, ids) + positions
        if self.num_types > 1:
            types = tf.one_hot(inputs["input_type_ids"], self.num_types, dtype=self.variable_dtype)
            hidden += types @ self.type_embeddings.value
        hidden = tf.reshape(hidden, [-1, self.hidden_size])
        hidden = operations.normalize(hidden, *values_of(self.embeddings_norm))
        padding = tf.cast(inputs["input_mask"] - 1, self.compute_dtype)[:, None, None, :] * 1e9
        for block in self.blocks:
            hidden = block(hidden, padding=padding, operations=operations)
        hidden = tf.cast(hidden, self.compute_dtype)
        sequence = tf.reshape(hidden, [batch, length, self.hidden_size])
        # A reshape of a slice, not an index: a batch without reviews has no first token.
        pooled = tf.reshape(sequence[:, :1], [batch, self.hidden_size])
        if self.has_pooler:
            pooled = tf.tanh(project(pooled, self.pooler))
        return {"sequence_output": sequence, "pooled_output": pooled}

    def _operations(self, training: bool | None) -> PlainOperations | CompiledOperations:
        if not training:
            fuse_norms = self.variable_dtype == "bfloat16"
            return PlainOperations(self.epsilon, self.approximate_gelu, fuse_norms)
        return CompiledOperations(
            self.compute_dtype,
            self.epsilon,
            self.approximate_gelu,
            self.dropout,
            self._seeds.next(),
            calls=1 + sum(block.dropouts for block in self.blocks),
        )

    def compute_output_spec(self, inputs, training: bool | None = None):
        """Shapes and dtypes of the outputs, for functional models."""
        batch, length = inputs["input_word_ids"].shape
        spec = {"sequence_output": (batch, length), "pooled_output": (batch,)}
        return {
            name: keras.KerasTensor((*shape, self.hidden_size), self.compute_dtype)
            for name, shape in spec.items()
        }

    def get_config(self) -> dict:
        """The arguments it was made with."""
        return {
            **super().get_config(),
            "vocabulary_size": self.vocabulary_size,
            "hidden_size": self.hidden_size,
            "num_layers": self.num_layers,
            "num_heads": self.num_heads,
            "intermediate_size": self.intermediate_size,
            "max_positions": self.max_positions,
            "num_types": self.num_types,
            "has_pooler": self.has_pooler,
            "epsilon": self.epsilon,
            "approximate_gelu": self.approximate_gelu,
            "dropout": self.dropout,
            "seed": self.seed,
        }
