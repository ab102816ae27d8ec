"""Texts through a tokenizer and an encoder with its head."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from ...models.encoders.base import Tokenizer
from ...models.encoders.pairs import join_offsets, join_pairs
from ...models.encoders.truncation import UNCUT
from ...models.encoders.windows import WindowRows, Windows
from ...models.frozen import FrozenClassifier
from ...models.graph_function import graph_function
from ...models.settings import ModelSettings
from ...models.tasks.base import Task
from .base import PairOutputs

# Texts, or windows onto them, that go through the encoder together, however many a request has.
# More of them no longer fit the processor's caches, and fewer leave its units waiting.
CHUNK = 32


class EncoderModel(tf.Module):
    """A tokenizer and a model on an encoder, as one graph; see `TextModel`.

    Args:
        model: What `Task.build` gave, or a model of one's own that keeps in `encoder` what
            `load_encoder` gave, takes what that is called with, and gives logits. Its precision
            is that of the export.
        tokenizer: Turns texts into the word pieces that the model was trained on.
        per_token: Whether the outputs are of tokens, see `Task.per_token`.
        windows: How texts are cut that are longer than the encoder reads, so that all of their
            tokens have outputs; the tokenizer cuts nothing then, and the outputs are of tokens.
            None for a tokenizer that cuts.

    Raises:
        TypeError: The model has no encoder, or gives something else.

    Example:
        >>> EncoderModel(classifier, tokenizer)(tf.constant(["Fits perfectly."])).shape
        TensorShape([1, 3])
    """

    def __init__(
        self,
        model: keras.Model,
        tokenizer: Tokenizer,
        per_token: bool = False,
        windows: Windows | None = None,
    ):
        super().__init__(name="encoder_model")
        _check_encoder(model)
        if not model.built:
            # Keras makes the weights of a head in its first call.
            model(model.encoder.inputs.pack(tokenizer(tf.constant([""]))))
        frozen = FrozenClassifier(model)
        self._pack = model.encoder.inputs.pack
        # A function that is not inlined: TensorFlow fuses hardly any operations inside a loop.
        self._infer = graph_function(
            lambda inputs: frozen(inputs),
            input_signature=[model.encoder.inputs.signature()],
            experimental_attributes={"_noinline": True},
        )
        self._output = self._infer.get_concrete_function().structured_outputs
        _check_output(model, self._output, 3 if per_token else 2)
        self._per_token = per_token
        self._windows = windows
        self.tokenizer = tokenizer
        self.files = tokenizer.files
        self._weights = {str(index): variable for index, variable in frozen.variables.items()}

    @classmethod
    def of(cls, model: keras.Model, task: Task, settings: ModelSettings) -> EncoderModel:
        """The graph of a trained model, with the tokenizer of its encoder.

        Args:
            model: What `task.build` gave, trained.
            task: Says how much of a text is read, and what the outputs are of.
            settings: Those that the model was trained with; `max_tokens` is a number.

        Example:
            >>> task = TextClassification(("negative", "neutral", "positive"))
            >>> EncoderModel.of(classifier, task, ModelSettings(max_tokens=48)).facts()
            {'algorithm': 'encoder', 'max_tokens': 48, 'truncation': 'head'}
        """
        if task.reads_all:
            windows = Windows.of(settings, task.pairs)
            return cls(model, model.encoder.tokenizer(UNCUT), task.per_token, windows)
        tokenizer = model.encoder.tokenizer(int(settings.max_tokens), settings.truncation)
        return cls(model, tokenizer, task.per_token)

    def __call__(self, text: tf.Tensor) -> tf.Tensor | tf.RaggedTensor:
        """Outputs for texts.

        Args:
            text: string [batch].

        Returns:
            float32 [batch, …], or ragged [batch, (tokens), …].
        """
        tokens = self.tokenizer(text)
        if self._windows is None:
            return self._score(tokens)
        cut = self._windows.cut(tokens.row_splits)
        read = _in_windows(tokens, cut)
        return tokens.with_values(tf.boolean_mask(self._score(read).values, cut.own))

    def read_pairs(self, first: tf.Tensor, second: tf.Tensor) -> PairOutputs:
        """Outputs for texts that are read behind others; see `PairModel`."""
        if self._windows is None:
            raise ValueError("a model without windows reads one text at a time")
        asked = self.tokenizer(first)
        ids, *offsets = self.tokenizer.tokenize_with_offsets(second)
        tokens, seconds = join_pairs(self.tokenizer, asked, ids)
        cut = self._windows.cut(tokens.row_splits, seconds)
        starts, ends = (
            tf.gather(join_offsets(self.tokenizer, asked, of).values, cut.places) for of in offsets
        )
        outputs = self._score(_in_windows(tokens, cut), cut.heads)
        return PairOutputs(outputs, cut.parts, cut.own, starts, ends)

    def _score(
        self, tokens: tf.RaggedTensor, seconds: tf.Tensor | None = None
    ) -> tf.Tensor | tf.RaggedTensor:
        """Scores similar lengths together, so that neither padding nor memory gets out of hand."""
        lengths = tokens.row_lengths()
        order = tf.argsort(lengths, direction="DESCENDING", stable=True)
        rows = tf.shape(lengths)[0]
        chunks = (rows + CHUNK - 1) // CHUNK
        scored = tf.TensorArray(
            self._output.dtype,
            size=chunks,
            infer_shape=False,
            element_shape=[None, *self._output.shape[2 if self._per_token else 1 :]],
        )

        def score(chunk, scored):
            chosen = order[chunk * CHUNK : (chunk + 1) * CHUNK]
            of_second = None if seconds is None else tf.gather(seconds, chosen)
            found = self._infer(self._pack(tf.gather(tokens, chosen), of_second))
            if self._per_token:
                # Without those of the padding, so that chunks of different widths can be joined.
                found = tf.RaggedTensor.from_tensor(found, tf.gather(lengths, chosen)).values
            return chunk + 1, scored.write(chunk, found)

        _, scored = tf.while_loop(
            lambda chunk, _: chunk < chunks, score, (0, scored), parallel_iterations=1
        )
        found = scored.concat()
        if self._per_token:
            found = tf.RaggedTensor.from_row_lengths(found, tf.gather(lengths, order))
        return tf.gather(found, tf.math.invert_permutation(order))

    def facts(self) -> dict[str, Any]:
        """`algorithm` and `max_tokens`; `truncation`, or of windows `stride`."""
        cut: Any = self.tokenizer if self._windows is None else self._windows
        last = "truncation" if self._windows is None else "stride"
        return {
            "algorithm": "encoder",
            **{name: getattr(cut, name) for name in ("max_tokens", last)},
        }


def _check_encoder(model: keras.Model) -> None:
    if not hasattr(getattr(model, "encoder", None), "inputs"):
        raise TypeError(
            f"{type(model).__name__} does not say what it takes: a model with a head of its own "
            "keeps in its attribute `encoder` what load_encoder gave, and takes what that is "
            "called with"
        )


def _check_output(model: keras.Model, output: Any, rank: int) -> None:
    if not isinstance(output, tf.Tensor):
        found = "more than one tensor"
    elif output.dtype != tf.float32 or output.shape.rank != rank:
        found = f"{output.dtype.name} {output.shape.as_list()}"
    else:
        return
    expected = "[batch, width, outputs]" if rank == 3 else "[batch, classes]"
    raise TypeError(
        f"{type(model).__name__} gives {found}; to be served it gives logits, float32 {expected}"
    )


def _in_windows(tokens: tf.RaggedTensor, cut: WindowRows) -> tf.RaggedTensor:
    return tf.RaggedTensor.from_row_splits(
        tf.gather(tokens.values, cut.places), cut.row_splits, validate=False
    )
