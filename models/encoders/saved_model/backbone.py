"""Any text encoder in SavedModel format as a Keras layer that can be fine-tuned."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import Any

import keras
import tensorflow as tf

# Registers the operations that some SavedModels bring.
import tensorflow_text  # noqa: F401

from ....errors import RunError
from ..bert.tokenizer import WordpieceTokenizer
from ..formats.saved_model import SavedEncoder
from ..freezing import Freezable
from ..inputs import EncoderInputs

_TABLE = "word_embeddings/embeddings"


@keras.saving.register_keras_serializable("reviewlens")
class HubEncoder(Freezable):
    """Runs a SavedModel with TF Hub's API for text encoders, and trains its variables.

    What `tensorflow_hub.KerasLayer` was for Keras 2. The computation stays as it was saved:
    in float32 and with the SavedModel's own dropout.

    Args:
        directory: The SavedModel; it has to be there again when a saved layer is loaded.
        **kwargs: `name` and `dtype` of a Keras layer.

    Attributes:
        vocabulary_size: Word pieces.
        hidden_size: Width of the outputs.
        num_layers: Transformer blocks.
        max_positions: Longest input, in word pieces.
        vocabulary_file: Path of the vocabulary, one word piece per line.
        lower_case: Whether the vocabulary is of lower-cased text without accents.

    Raises:
        RunError: The folder holds no SavedModel, or one that is no text encoder.

    Example:
        >>> encoder = HubEncoder("tiny-bert-of-tf-hub")
        >>> ids = tf.ones([3, 5], tf.int32)
        >>> outputs = encoder(
        ...     {"input_word_ids": ids, "input_mask": ids, "input_type_ids": 0 * ids}
        ... )
        >>> outputs["sequence_output"].shape
        TensorShape([3, 5, 16])
    """

    def __init__(self, directory: str, **kwargs):
        super().__init__(**kwargs)
        saved = SavedEncoder(directory)
        self.directory = directory
        self.vocabulary_file = saved.vocabulary_file
        self.lower_case = saved.lower_case
        self.vocabulary_size = _rows(saved, _TABLE, 2**31)
        self.max_positions = _rows(saved, "position_embedding/embeddings", 512)
        try:
            model = tf.saved_model.load(directory)
            ids = tf.ones([1, 2], tf.int32)
            outputs = model(
                {"input_word_ids": ids, "input_mask": ids, "input_type_ids": ids - 1},
                training=False,
            )
            self.hidden_size = outputs["pooled_output"].shape[-1]
            self.num_layers = len(outputs["encoder_outputs"])
        except (tf.errors.OpError, OSError, ValueError, TypeError, KeyError) as error:
            raise RunError(
                f"the SavedModel in {directory} is no TF Hub text encoder: it does not take "
                f"input_word_ids, input_mask and input_type_ids or does not give pooled_output, "
                f"sequence_output and encoder_outputs"
            ) from error
        # Behind a partial, or every checkpoint and export would hold the weights twice.
        self._encode = functools.partial(model)
        trained = {id(variable) for variable in model.trainable_variables}
        self._variables = [
            _keras_variable(variable, id(variable) in trained) for variable in model.variables
        ]
        self._names = tuple(variable.name.partition(":")[0] for variable in model.variables)
        self.built = True

    @property
    def inputs(self) -> EncoderInputs:
        """What it is called with: `input_word_ids`, `input_mask` and `input_type_ids`."""
        return EncoderInputs()

    @property
    def saved(self) -> Any:
        """The SavedModel as it was loaded, with its variables as they are now."""
        return self._encode.func

    @property
    def precisions(self) -> tuple[str, ...]:
        """Formats that it can be served in."""
        return ("float32",)

    @property
    def word_embeddings(self) -> keras.Variable:
        """The table of word pieces, [vocabulary_size, width].

        Raises:
            RunError: No variable has the name that it has in TF Hub's encoders.
        """
        for variable, name in zip(self._variables, self._names, strict=True):
            if name == _TABLE:
                return variable
        raise RunError(
            f"the SavedModel in {self.directory} has no variable {_TABLE}, as TF Hub's encoders "
            "have, so there is nothing to tell masked pieces by"
        )

    def tokenizer(self, max_tokens: int, truncation: str = "head") -> WordpieceTokenizer:
        """Its own tokenizer.

        Args:
            max_tokens: Longest output in word pieces, [CLS] and [SEP] included, at least 2.
            truncation: What stays of longer texts, see `Truncation`.
        """
        return WordpieceTokenizer(
            self.vocabulary_file,
            lower_case=self.lower_case,
            max_tokens=max_tokens,
            truncation=truncation,
        )

    def depth_of(self, variable: keras.Variable) -> int:
        """Tells which layer a variable is of, by the names of TF Hub's encoders.

        Args:
            variable: One of the layer's trainable variables.

        Returns:
            0 for the embeddings, from 1 on for the blocks, `num_layers` for what ALBERT's blocks
            share, `num_layers + 1` for the pooler.

        Raises:
            ValueError: If it is none of them.
            RunError: If it is, but has a name that no encoder known here has.
        """
        return self._role(variable)[0]

    def is_decayed(self, variable: keras.Variable) -> bool:
        """Tells whether weight decay applies to a variable, by the names of TF Hub's encoders.

        Args:
            variable: One of the layer's trainable variables.

        Returns:
            Whether it is a table or a kernel, and not of a norm or a bias.

        Raises:
            ValueError: If it is none of them.
            RunError: If it is, but has a name that no encoder known here has.
        """
        return self._role(variable)[1]

    def _role(self, variable: keras.Variable) -> tuple[int, bool]:
        named = zip(self._variables, self._names, strict=True)
        name = next((name for own, name in named if own is variable and own.trainable), None)
        if name is None:
            raise ValueError(f"{variable.path} is no trained variable of {self.path}")
        if name not in (roles := _roles(self.num_layers)):
            raise RunError(
                f"the SavedModel in {self.directory} has a variable {name}, which no encoder of "
                "TF Hub has, so it is not known how to train it: choose training.layer_decay=1 "
                "and training.weight_decay=0 to train all variables alike"
            )
        return roles[name]

    def call(self, inputs: dict[str, tf.Tensor], training: bool | None = None):
        """Encodes a batch.

        Args:
            inputs: `input_word_ids`, `input_mask` (1 for tokens, 0 for padding) and
                `input_type_ids`, int32 [batch, length] with length up to `max_positions`.
            training: Whether the SavedModel's dropout is on.

        Returns:
            `sequence_output` [batch, length, hidden_size] and `pooled_output` [batch,
            hidden_size], in float32.
        """
        given = {name: inputs[name] for name in self.inputs.names}
        outputs = self._encode(given, training=bool(training))
        return {name: outputs[name] for name in ("sequence_output", "pooled_output")}

    def compute_output_spec(self, inputs, training: bool | None = None):
        """Shapes and dtypes of the outputs, for functional models."""
        batch, length = inputs["input_word_ids"].shape
        return {
            "sequence_output": keras.KerasTensor((batch, length, self.hidden_size), "float32"),
            "pooled_output": keras.KerasTensor((batch, self.hidden_size), "float32"),
        }

    def get_config(self) -> dict:
        """The arguments it was made with."""
        return {**super().get_config(), "directory": self.directory}


@functools.cache
def _roles(num_layers: int) -> dict[str, tuple[int, bool]]:
    """Depth of each variable of TF Hub's BERT, ELECTRA and ALBERT, and whether it is decayed."""
    dense, norm = {"kernel": True, "bias": False}, {"gamma": False, "beta": False}
    roles = {}

    def add(depth: int, prefix: str, parts: Iterable[str], kinds: dict[str, bool]) -> None:
        for part in parts:
            roles.update({f"{prefix}{part}/{kind}": (depth, kinds[kind]) for kind in kinds})

    add(0, "", ("word_embeddings", "position_embedding", "type_embeddings"), {"embeddings": True})
    add(0, "", ["embeddings/layer_norm"], norm)
    add(0, "", ["embedding_projection"], dense)
    blocks = {index + 1: f"transformer/layer_{index}/" for index in range(num_layers)}
    shared = {num_layers: "transformer/"}
    for depth, block in [*blocks.items(), *shared.items()]:
        attention = ("query", "key", "value", "attention_output")
        add(depth, f"{block}self_attention/", attention, dense)
        add(depth, block, ("intermediate", "output"), dense)
        add(depth, block, ("self_attention_layer_norm", "output_layer_norm"), norm)
    add(num_layers + 1, "", ["pooler_transform"], dense)
    return roles


def _rows(saved: SavedEncoder, table: str, otherwise: int) -> int:
    return saved.shapes.get(table, [otherwise])[0]


def _keras_variable(variable: tf.Variable, trainable: bool) -> keras.Variable:
    """Keras's view of a variable, which stays the one that the SavedModel reads."""
    # Keras allows no slashes and optimizers no colons.
    name = variable.name.partition(":")[0].replace("/", "_").lower()
    return keras.Variable(
        variable, dtype=variable.dtype.name, trainable=trainable, autocast=False, name=name
    )
