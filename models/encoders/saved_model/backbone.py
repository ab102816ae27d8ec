"""Any text encoder in SavedModel format as a Keras layer that can be fine-tuned."""

from __future__ import annotations

import functools

import keras
import tensorflow as tf

# Registers the operations that some SavedModels bring.
import tensorflow_text  # noqa: F401

from ....errors import RunError
from ..formats.saved_model import SavedEncoder


@keras.saving.register_keras_serializable("reviewlens")
class HubEncoder(keras.layers.Layer):
    """Runs a SavedModel with TF Hub's API for text encoders, and trains its variables.

    What `tensorflow_hub.KerasLayer` was for Keras 2. The computation stays as it was saved:
    in float32 and with the SavedModel's own dropout.

    Args:
        directory: The SavedModel; it has to be there again when a saved layer is loaded.
        **kwargs: `name` and `dtype` of a Keras layer.

    Attributes:
        hidden_size: Width of the outputs.
        num_layers: Transformer blocks.
        max_positions: Longest input, in word pieces.
        vocabulary_file: Path of the vocabulary, one word piece per line.
        lower_case: Whether the vocabulary is of lower-cased text without accents.

    Raises:
        RunError: The folder holds no SavedModel, or one that is no text encoder.

    Example:
        >>> encoder = HubEncoder(directory)
        >>> ids = tf.ones([3, 5], tf.int32)
        >>> outputs = encoder(
        ...     {"input_word_ids": ids, "input_mask": ids, "input_type_ids": 0 * ids}
        ... )
        >>> outputs["sequence_output"].shape
        TensorShape([3, 5, 384])
    """

    def __init__(self, directory: str, **kwargs):
        super().__init__(**kwargs)
        saved = SavedEncoder(directory)
        self.directory = directory
        self.vocabulary_file = saved.vocabulary_file
        self.lower_case = saved.lower_case
        self.max_positions = saved.shapes.get("position_embedding/embeddings", [512])[0]
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
        self.built = True

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
        names = ("input_word_ids", "input_mask", "input_type_ids")
        outputs = self._encode({name: inputs[name] for name in names}, training=bool(training))
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


def _keras_variable(variable: tf.Variable, trainable: bool) -> keras.Variable:
    """Keras's view of a variable, which stays the one that the SavedModel reads."""
    # Keras allows no slashes and optimizers no colons; "LayerNorm" has to match "norm".
    name = variable.name.partition(":")[0].replace("/", "_").lower()
    return keras.Variable(
        variable, dtype=variable.dtype.name, trainable=trainable, autocast=False, name=name
    )
