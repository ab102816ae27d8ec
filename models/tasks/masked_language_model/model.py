"""An encoder that guesses: hidden pieces, and whether one text follows another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ....errors import RunError
from ...encoders.base import Encoder
from ...encoders.pretraining_heads import MASKED_LANGUAGE, NEXT_SENTENCE
from .head import NextHead, PieceHead
from .masking import IDS, POSITIONS

MLM, NSP = "mlm", "nsp"
RANDOM_NEXT = "random_next"


@keras.saving.register_keras_serializable("reviewlens")
class MaskedLanguageModel(keras.Model):
    """An encoder with the heads that BERT is pretrained with (Devlin et al., NAACL 2019).

    Pieces are told by a dense layer, the encoder's activation, a norm and the encoder's own table
    of pieces, at the masked positions only: over a whole vocabulary that costs as much as the
    encoder. Whether texts follow each other is told from the pooled output. `fit` takes what
    `TokenMasking` makes of inputs, with `ids` as targets and `weights` as their sample weights:

        model.compile(loss={"ids": SparseCategoricalCrossentropy(from_logits=True)})
        model.fit(masked, {"ids": masked["ids"]}, sample_weight={"ids": masked["weights"]})

    Args:
        encoder: As `load_encoder` gives it.
        objectives: What is told: `mlm`, hidden pieces; `nsp`, whether the second part of a text
            follows the first; or both.
        epsilon: Added to the variances that the norm divides by; None for the encoder's own.
        approximate_gelu: Whether the activation is the tanh approximation of GELU; None for what
            the encoder's is.

    Attributes:
        encoder: As given.
        objectives: As given.

    Example:
        >>> model = MaskedLanguageModel(encoder)
        >>> tokenizer = encoder.tokenizer(max_tokens=128)
        >>> inputs = encoder.inputs.pack(tokenizer(["Fits very well."]))
        >>> masked = TokenMasking.of(tokenizer)(inputs, seed=[7, 1])
        >>> model(masked)["ids"].shape[-1] == encoder.vocabulary_size
        True
    """

    def __init__(
        self,
        encoder: Encoder,
        objectives: Sequence[str] = (MLM,),
        epsilon: float | None = None,
        approximate_gelu: bool | None = None,
        name: str = "masked_language_model",
        **kwargs: Any,
    ):
        super().__init__(name=name, **kwargs)
        self.encoder = encoder
        self.objectives = tuple(objectives)
        # Those of BERT where a SavedModel does not tell.
        self.epsilon = getattr(encoder, "epsilon", 1e-12) if epsilon is None else epsilon
        if approximate_gelu is None:
            approximate_gelu = getattr(encoder, "approximate_gelu", True)
        self.approximate_gelu = approximate_gelu
        if MLM in self.objectives:
            vocabulary_size, width = encoder.word_embeddings.shape
            self.piece_head = PieceHead(
                vocabulary_size,
                encoder.hidden_size,
                width,
                self.epsilon,
                self.approximate_gelu,
                name="piece_head",
            )
        if NSP in self.objectives:
            self.next_head = NextHead(encoder.hidden_size, name="next_head")
        # All of its variables are there: weights can be loaded before it is called.
        self.built = True

    @property
    def head(self) -> dict[str, keras.Variable]:
        """The variables of the heads by the names that they have in files, see `load_head`."""
        return {
            name: variable
            for objective in self.objectives
            for name, variable in self.head_of(objective).items()
        }

    def head_of(self, objective: str) -> dict[str, keras.Variable]:
        """The variables of one head by the names that they have in files.

        Args:
            objective: One of the model's.
        """
        if objective == NSP:
            return dict(zip(NEXT_SENTENCE, self.next_head.dense, strict=True))
        head = self.piece_head
        return dict(zip(MASKED_LANGUAGE, [*head.dense, *head.norm, head.bias], strict=True))

    def call(
        self, inputs: dict[str, tf.Tensor], training: bool | None = None
    ) -> dict[str, tf.Tensor]:
        """Computes the logits.

        Args:
            inputs: Those of the encoder, int32 [batch, width], and `positions`, where pieces are
                to be told, int32 [batch, most]; what else there is is left alone.
            training: Whether dropout is on.

        Returns:
            `ids` [batch, most, vocabulary_size] and `random_next` [batch, 2], of those that are
            told, in float32; the second of two logits is that of a text from elsewhere.
        """
        outputs = self.logits(inputs, training=training)
        if MLM in self.objectives:
            batch, most = tf.unstack(tf.shape(inputs[POSITIONS]))
            logits = tf.cast(outputs[IDS], tf.float32)
            outputs[IDS] = tf.reshape(logits, [batch, most, logits.shape[-1]])
        return outputs

    def logits(
        self, inputs: Mapping[str, tf.Tensor], training: bool | None = None
    ) -> dict[str, tf.Tensor]:
        """As a call, but `ids` as a matrix [batch * most, vocabulary_size], in training in the
        compute dtype, as it is the largest thing that there is.

        Args:
            inputs: See `call`.
            training: Likewise.
        """
        return self.told(self.encoded(inputs, training=training), inputs, training=training)

    def encoded(
        self, inputs: Mapping[str, tf.Tensor], training: bool | None = None
    ) -> dict[str, tf.Tensor]:
        """What the encoder makes of the inputs.

        Args:
            inputs: See `call`.
            training: Likewise.
        """
        given = {name: inputs[name] for name in self.encoder.inputs.names}
        return self.encoder(given, training=training)

    def told(
        self,
        encoded: Mapping[str, tf.Tensor],
        inputs: Mapping[str, tf.Tensor],
        training: bool | None = None,
    ) -> dict[str, tf.Tensor]:
        """See `logits`, of what the encoder has made of the inputs.

        Args:
            encoded: As `encoded` gives it.
            inputs: See `call`.
            training: Likewise.
        """
        outputs = {}
        if MLM in self.objectives:
            tokens = encoded["sequence_output"]
            vectors = tf.gather(tokens, inputs[POSITIONS], batch_dims=1)
            vectors = tf.reshape(vectors, [-1, tokens.shape[-1]])
            table = tf.convert_to_tensor(self.encoder.word_embeddings.value)
            outputs[IDS] = self.piece_head(vectors, table, training=training)
        if NSP in self.objectives:
            outputs[RANDOM_NEXT] = self.next_head(encoded["pooled_output"])
        return outputs

    def compute_output_spec(self, inputs, training: bool | None = None):
        """Shapes and dtypes of the outputs, for functional models."""
        spec = {}
        if MLM in self.objectives:
            shape = (*inputs[POSITIONS].shape, self.encoder.vocabulary_size)
            spec[IDS] = keras.KerasTensor(shape, "float32")
        if NSP in self.objectives:
            batch = inputs[self.encoder.inputs.names[0]].shape[0]
            spec[RANDOM_NEXT] = keras.KerasTensor((batch, 2), "float32")
        return spec

    def get_config(self) -> dict:
        """The arguments it was made with, the encoder serialised."""
        return {
            "encoder": keras.saving.serialize_keras_object(self.encoder),
            "objectives": list(self.objectives),
            "epsilon": self.epsilon,
            "approximate_gelu": self.approximate_gelu,
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config: dict) -> MaskedLanguageModel:
        """Makes the model that `get_config` described, with fresh weights."""
        encoder = keras.saving.deserialize_keras_object(config["encoder"])
        return cls(**{**config, "encoder": encoder})


def head_arrays(model: MaskedLanguageModel) -> dict[str, np.ndarray]:
    """The weights of a model's heads.

    Args:
        model: With one or both of them.

    Returns:
        Of the pieces' head `dense/kernel` [hidden, width], `dense/bias`, `norm/gamma`,
        `norm/beta` and `bias` [vocabulary]; of the other `next_sentence/kernel` [hidden, 2] and
        `next_sentence/bias`; float32.

    Example:
        >>> sorted(head_arrays(MaskedLanguageModel(encoder, ["nsp"])))
        ['next_sentence/bias', 'next_sentence/kernel']
    """
    return {name: variable.numpy() for name, variable in model.head.items()}


def load_head(model: MaskedLanguageModel, arrays: Mapping[str, np.ndarray]) -> tuple[str, ...]:
    """Gives a model's heads the weights that there are for them.

    Args:
        model: With one or both of them.
        arrays: As `head_arrays` gives them; of a head all or none, others are left alone.

    Returns:
        The objectives of the heads that have them now; the others are as they were.

    Raises:
        RunError: A head's are not all there, or of another shape.

    Example:
        >>> model = MaskedLanguageModel(encoder, ["mlm", "nsp"])
        >>> load_head(model, head_arrays(MaskedLanguageModel(encoder)))
        ('mlm',)
    """
    loaded = []
    for objective in model.objectives:
        of_head = model.head_of(objective)
        if not of_head.keys() & arrays.keys():
            continue
        for name, variable in of_head.items():
            shape = np.shape(arrays[name]) if name in arrays else None
            if shape != tuple(variable.shape):
                found = "is not there" if shape is None else f"has the shape {shape}"
                raise RunError(
                    f"the head for {objective} that came with the encoder is none of it: {name} "
                    f"{found}, it should have {tuple(variable.shape)}"
                )
        for name, variable in of_head.items():
            variable.assign(arrays[name])
        loaded.append(objective)
    return tuple(loaded)
