"""What the rest of the product asks of an encoder, of its tokenizer and of its files."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import keras
import numpy as np
import tensorflow as tf

from .inputs import EncoderInputs


class Tokenizer(Protocol):
    """Text to token ids inside the graph, with the vocabulary of one encoder; a `tf.Module`.

    Attributes:
        max_tokens: Longest output in tokens, start and end included.
        truncation: What stays of longer texts, see `Truncation`, which cuts them.
        vocabulary_size: All ids are below it.
        padding_id: Of what fills a batch up.
        start_id: Of the first token of every text.
        end_id: Of the last token of every text.
        separators: How many tokens of `end_id` part two texts that are read together.
        mask_id: Of what stands for a token that is to be guessed; None if there is none.
        special_ids: Of all tokens that stand for no text of their own: start, end, padding, mask,
            what is unknown, and what a vocabulary has in reserve; int64, rising.
        continuations: Which ids go on with the word of the one before, bool [vocabulary_size].
        lower_case: Whether upper and lower case are the same to it.
        files: What it is made of: path by the name that the file has among a model's assets.
    """

    @property
    def max_tokens(self) -> int: ...

    @property
    def truncation(self) -> str: ...

    @property
    def vocabulary_size(self) -> int: ...

    @property
    def padding_id(self) -> int: ...

    @property
    def start_id(self) -> int: ...

    @property
    def end_id(self) -> int: ...

    @property
    def separators(self) -> int: ...

    @property
    def mask_id(self) -> int | None: ...

    @property
    def special_ids(self) -> np.ndarray: ...

    @property
    def continuations(self) -> np.ndarray: ...

    @property
    def lower_case(self) -> bool: ...

    @property
    def files(self) -> Mapping[str, str]: ...

    def __call__(self, texts: tf.Tensor | Sequence[str]) -> tf.RaggedTensor:
        """Tokenizes UTF-8 strings [batch]: ids, ragged int64 [batch, (tokens)], from start to
        end, cut to `max_tokens`."""
        ...

    def tokenize_with_offsets(
        self, texts: tf.Tensor | Sequence[str]
    ) -> tuple[tf.RaggedTensor, tf.RaggedTensor, tf.RaggedTensor]:
        """The same ids, and for each the bytes of the text that it stands for: where they begin
        and where they end, ragged int64 [batch, (tokens)]; 0 and 0 for start and end."""
        ...


class Encoder(Protocol):
    """A pretrained text encoder as a Keras layer.

    Attributes:
        vocabulary_size: Rows of the embedding table.
        hidden_size: Width of the outputs.
        num_layers: Transformer blocks.
        max_positions: Longest input in tokens, start and end included.
        inputs: What it is called with.
        precisions: Formats that it can be served in, `float32` and maybe `bfloat16`.
        word_embeddings: The table of tokens, [vocabulary_size, width]; it is trained.
        trainable_variables: As of every Keras layer.
    """

    @property
    def vocabulary_size(self) -> int: ...

    @property
    def hidden_size(self) -> int: ...

    @property
    def num_layers(self) -> int: ...

    @property
    def max_positions(self) -> int: ...

    @property
    def inputs(self) -> EncoderInputs: ...

    @property
    def precisions(self) -> tuple[str, ...]: ...

    @property
    def word_embeddings(self) -> keras.Variable: ...

    @property
    def trainable_variables(self) -> list[keras.Variable]: ...

    def __call__(
        self, inputs: Mapping[str, tf.Tensor], training: bool | None = None
    ) -> dict[str, tf.Tensor]:
        """Encodes a batch: `sequence_output` [batch, length, hidden_size] and `pooled_output`
        [batch, hidden_size]."""
        ...

    def tokenizer(self, max_tokens: int, truncation: str = "head") -> Tokenizer:
        """Its own tokenizer, which cuts texts as `Truncation` does."""
        ...

    def depth_of(self, variable: keras.Variable) -> int:
        """Which layer a trainable variable is of: 0 for the embeddings, then the blocks from 1
        on, `num_layers + 1` for what is above them. Raises ValueError for any other variable."""
        ...

    def is_decayed(self, variable: keras.Variable) -> bool:
        """Whether weight decay applies to a trainable variable: to tables and kernels, not to
        norms and biases. Raises ValueError for any other variable."""
        ...

    def freeze(self, layers: int | None = None) -> None:
        """Has the embeddings and so many blocks above them keep their weights; None for all."""
        ...

    def unfreeze(self) -> None:
        """Has all layers learn again."""
        ...


class EncoderFiles(Protocol):
    """A folder with an encoder in one of the formats of `formats/`, read without running it.

    Attributes:
        directory: The folder.
        kind: The format: `saved_model`, `hugging_face` or `keras_hub`.
        architecture: What the folder calls it, such as `deberta-v2`; empty if it does not say.
        config: What the folder says of the architecture; empty if it says nothing.
        shapes: Shape of every tensor of floating-point numbers, by its name.
        tokenizer_files: Path of each file of the tokenizer, by its name.
    """

    @property
    def directory(self) -> str: ...

    @property
    def kind(self) -> str: ...

    @property
    def architecture(self) -> str: ...

    @property
    def config(self) -> Mapping[str, Any]: ...

    @property
    def shapes(self) -> Mapping[str, list[int]]: ...

    @property
    def tokenizer_files(self) -> Mapping[str, str]: ...

    def read(self, name: str) -> np.ndarray:
        """One tensor of `shapes`, in float32."""
        ...


@dataclasses.dataclass(frozen=True)
class EncoderFamily:
    """One architecture with its tokenizer, as `registry.py` asks for it.

    Attributes:
        name: As messages call it.
        accepts: Whether the files are an encoder of this family.
        load: Makes the encoder of them. Beside the files it takes `dropout`, `name`, `seed` and
            `dtype` by name, the last two maybe None, and leaves alone what it has no use for.
        tokenizer: Makes the tokenizer of them, given `max_tokens` and `truncation` by name.
        vocabulary_size: Tells how many ids that tokenizer has, without making it.
        converts: Whether `load` makes Keras layers of the weights; False for families that run
            what they are given.
    """

    name: str
    accepts: Callable[[EncoderFiles], bool]
    load: Callable[..., Encoder]
    tokenizer: Callable[..., Tokenizer]
    vocabulary_size: Callable[[EncoderFiles], int]
    converts: bool = True
