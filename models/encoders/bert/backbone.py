"""BERT's encoder as native Keras layers, in the form that a processor computes fastest."""

from __future__ import annotations

import keras
import tensorflow as tf

from ...layers.compiled_operations import CompiledOperations
from ...layers.plain_operations import PlainOperations
from ..inputs import EncoderInputs
from .tokenizer import WordpieceTokenizer

# As BERT's authors set it; SavedModels do not tell.
_EPSILON = 1e-12


@keras.saving.register_keras_serializable("reviewlens")
class BertEncoder(keras.layers.Layer):
    """A stack of post-norm transformer blocks over word pieces.

    Follows Devlin et al., "BERT: Pre-training of Deep Bidirectional Transformers", NAACL 2019,
    with the same outputs as TF Hub's BERT encoders. All tokens of a batch are the rows of one
    matrix, and query, key and value come of one product. The gradient of the word embeddings
    is sparse (`tf.IndexedSlices`). Matrix products are in the compute dtype of the policy. So is
    the residual stream while training, rounded once after each norm; otherwise it is in the
    variable dtype: float32 under `mixed_bfloat16` and bfloat16 under `bfloat16`.

    Args:
        vocabulary_size: Word pieces.
        hidden_size: Width of the residual stream, a multiple of `num_heads`.
        num_layers: Transformer blocks.
        num_heads: Attention heads a block.
        intermediate_size: Width of a block's feed-forward part.
        max_positions: Longest input, in word pieces.
        num_types: Different values of `input_type_ids`.
        approximate_gelu: Whether the activation is the tanh approximation of GELU, as in most
            TF Hub encoders, or GELU itself.
        dropout: Share of units and of attention weights dropped while training, in [0, 1).
        vocabulary_file: Path of the vocabulary that the encoder was trained with.
        lower_case: Whether that vocabulary is of lower-cased text without accents.
        seed: Of the dropout; drawn by `keras.utils.set_random_seed` where None.
        **kwargs: `name` and `dtype` of a Keras layer.

    Example:
        >>> encoder = BertEncoder(100, 16, 2, 2, 32, max_positions=64)
        >>> ids = tf.ones([3, 5], tf.int32)
        >>> outputs = encoder(
        ...     {"input_word_ids": ids, "input_mask": ids, "input_type_ids": 0 * ids}
        ... )
        >>> outputs["sequence_output"].shape, outputs["pooled_output"].shape
        (TensorShape([3, 5, 16]), TensorShape([3, 16]))
    """

    def __init__(
        self,
        vocabulary_size: int,
        hidden_size: int,
        num_layers: int,
        num_heads: int,
        intermediate_size: int,
        max_positions: int = 512,
        num_types: int = 2,
        approximate_gelu: bool = True,
        dropout: float = 0.1,
        vocabulary_file: str = "",
        lower_case: bool = True,
        seed: int | None = None,
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
        self.approximate_gelu = approximate_gelu
        self.dropout = dropout
        self.vocabulary_file = vocabulary_file
        self.lower_case = lower_case
        self.seed = seed
        # Casts are explicit below: the residual stream stays in the dtype of the weights.
        self.autocast = False
        self._seeds = keras.random.SeedGenerator(seed)
        self.blocks = [
            _Block(self, dtype=self.dtype_policy, autocast=False, name=f"layer_{index}")
            for index in range(num_layers)
        ]
        self.build()

    @property
    def inputs(self) -> EncoderInputs:
        """What it is called with: `input_word_ids`, `input_mask` and `input_type_ids`."""
        return EncoderInputs()

    @property
    def precisions(self) -> tuple[str, ...]:
        """Formats that it can be served in."""
        return ("float32", "bfloat16")

    def tokenizer(self, max_tokens: int) -> WordpieceTokenizer:
        """Its own tokenizer.

        Args:
            max_tokens: Longest output in word pieces, [CLS] and [SEP] included, at least 2.
        """
        return WordpieceTokenizer(
            self.vocabulary_file, lower_case=self.lower_case, max_tokens=max_tokens
        )

    def depth_of(self, variable: keras.Variable) -> int:
        """Tells which layer a weight is of.

        Args:
            variable: One of the layer's trainable weights.

        Returns:
            0 for the embeddings, from 1 on for the blocks, `num_layers + 1` for the pooler.

        Raises:
            ValueError: If it is none of them.
        """
        below = [self.word_embeddings, self.position_embeddings, self.type_embeddings]
        blocks = [block.weights for block in self.blocks]
        layers = [[*below, *self.embeddings_norm], *blocks, self.pooler]
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

    def build(self, input_shape=None) -> None:
        """Makes the weights; the constructor has done so already."""
        if self.built:
            return
        size = self.hidden_size
        self.word_embeddings = _matrix(self, "word_embeddings", self.vocabulary_size, size)
        self.position_embeddings = _matrix(self, "position_embeddings", self.max_positions, size)
        self.type_embeddings = _matrix(self, "type_embeddings", self.num_types, size)
        self.embeddings_norm = _norm(self, "embeddings_norm", size)
        for block in self.blocks:
            block.build()
        self.pooler = _dense(self, "pooler", size, size)
        self.built: bool = True

    def call(self, inputs: dict[str, tf.Tensor], training: bool | None = None):
        """Encodes a batch.

        Args:
            inputs: `input_word_ids`, `input_mask` (1 for tokens, 0 for padding) and
                `input_type_ids`, int32 [batch, length] with length up to `max_positions`.
            training: Whether dropout is on.

        Returns:
            `sequence_output` [batch, length, hidden_size] and `pooled_output` [batch,
            hidden_size], in the compute dtype of the layer's policy.
        """
        ids = inputs["input_word_ids"]
        batch, length = tf.unstack(tf.shape(ids))
        operations = self._operations(training)
        types = tf.one_hot(inputs["input_type_ids"], self.num_types, dtype=self.variable_dtype)
        hidden = (
            tf.gather(self.word_embeddings.value, ids)
            + self.position_embeddings.value[:length]
            + types @ self.type_embeddings.value
        )
        hidden = tf.reshape(hidden, [-1, self.hidden_size])
        hidden = operations.normalize(hidden, *_values(self.embeddings_norm))
        padding = tf.cast(inputs["input_mask"] - 1, self.compute_dtype)[:, None, None, :] * 1e9
        for block in self.blocks:
            hidden = block(hidden, padding=padding, operations=operations)
        hidden = tf.cast(hidden, self.compute_dtype)
        sequence = tf.reshape(hidden, [batch, length, self.hidden_size])
        # A reshape of a slice, not an index: a batch without reviews has no first token.
        first = tf.reshape(sequence[:, :1], [batch, self.hidden_size])
        pooled = tf.tanh(_product(first, self.pooler))
        return {"sequence_output": sequence, "pooled_output": pooled}

    def _operations(self, training: bool | None) -> PlainOperations | CompiledOperations:
        if not training:
            fuse_norms = self.variable_dtype == "bfloat16"
            return PlainOperations(_EPSILON, self.approximate_gelu, fuse_norms)
        return CompiledOperations(
            self.compute_dtype,
            _EPSILON,
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
            "approximate_gelu": self.approximate_gelu,
            "dropout": self.dropout,
            "vocabulary_file": self.vocabulary_file,
            "lower_case": self.lower_case,
            "seed": self.seed,
        }


class _Block(keras.layers.Layer):
    """Self-attention and a feed-forward part, each added to its input and normalized."""

    # Of attention weights, and of what is added to the residual stream twice.
    dropouts = 3

    def __init__(self, encoder: BertEncoder, **kwargs):
        super().__init__(**kwargs)
        self._size = encoder.hidden_size
        self._heads = encoder.num_heads
        self._inner = encoder.intermediate_size

    def build(self, input_shape=None) -> None:
        self.query_key_value = _dense(self, "query_key_value", self._size, 3 * self._size)
        self.attention_output = _dense(self, "attention_output", self._size, self._size)
        self.attention_norm = _norm(self, "attention_norm", self._size)
        self.intermediate = _dense(self, "intermediate", self._size, self._inner)
        self.output_ = _dense(self, "output", self._inner, self._size)
        self.output_norm = _norm(self, "output_norm", self._size)

    def call(self, hidden: tf.Tensor, padding: tf.Tensor, operations) -> tf.Tensor:
        kernel, bias = _values(self.attention_output)
        attended = _multiply(self._attend(hidden, padding, operations), kernel)
        norm = _values(self.attention_norm)
        hidden = operations.add_and_normalize(hidden, attended, bias, *norm)

        kernel, bias = _values(self.intermediate)
        inner = _multiply(tf.cast(hidden, self.compute_dtype), kernel)
        inner = operations.activate(inner, bias)
        kernel, bias = _values(self.output_)
        norm = _values(self.output_norm)
        return operations.add_and_normalize(hidden, _multiply(inner, kernel), bias, *norm)

    def _attend(self, hidden: tf.Tensor, padding: tf.Tensor, operations) -> tf.Tensor:
        """What each token takes from the others, [tokens, hidden_size]."""
        batch, length = tf.shape(padding)[0], tf.shape(padding)[3]
        width = self._size // self._heads
        projected = _product(tf.cast(hidden, self.compute_dtype), self.query_key_value)
        projected = tf.reshape(projected, [batch, length, 3, self._heads, width])
        query, key, value = tf.unstack(tf.transpose(projected, [2, 0, 3, 1, 4]))
        attended = operations.attention_weights(query, key, padding, width**-0.5) @ value
        return tf.reshape(tf.transpose(attended, [0, 2, 1, 3]), [batch * length, self._size])


def _matrix(layer: keras.layers.Layer, name: str, rows: int, columns: int) -> keras.Variable:
    initializer = keras.initializers.TruncatedNormal(stddev=0.02)
    return layer.add_weight((rows, columns), initializer, autocast=False, name=name)


def _dense(layer: keras.layers.Layer, name: str, inputs: int, outputs: int) -> list[keras.Variable]:
    bias = layer.add_weight((outputs,), "zeros", autocast=False, name=f"{name}_bias")
    return [_matrix(layer, f"{name}_kernel", inputs, outputs), bias]


def _norm(layer: keras.layers.Layer, name: str, size: int) -> list[keras.Variable]:
    gamma = layer.add_weight((size,), "ones", autocast=False, name=f"{name}_gamma")
    return [gamma, layer.add_weight((size,), "zeros", autocast=False, name=f"{name}_beta")]


def _values(weights: list[keras.Variable]) -> list[tf.Tensor]:
    return [tf.convert_to_tensor(weight.value) for weight in weights]


def _multiply(inputs: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
    """Product with a kernel, in the dtype of the inputs."""
    return tf.matmul(inputs, tf.cast(kernel, inputs.dtype))


def _product(inputs: tf.Tensor, weights: list[keras.Variable]) -> tf.Tensor:
    """Product with a kernel plus a bias, in the dtype of the inputs."""
    kernel, bias = _values(weights)
    return tf.nn.bias_add(_multiply(inputs, kernel), tf.cast(bias, inputs.dtype))
