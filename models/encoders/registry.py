"""The families of encoders, and one way to load an encoder or a tokenizer of any of them."""

from __future__ import annotations

import importlib

from ...errors import RunError
from .base import Encoder, EncoderFamily, EncoderFiles, Tokenizer
from .formats.opening import open_encoder_files

# One line a family, in the order in which they are asked. Each is a folder here, whose
# `conversion.py` has a `FAMILY`.
FAMILIES = [
    "bert",
    "roberta",
    "saved_model",
]
_registered: dict[str, EncoderFamily] = {}


def register_family(family: EncoderFamily) -> None:
    """Makes a family known that is not of this package; it is asked before the others.

    Args:
        family: Takes the place of one with the same name that was registered before.

    Example:
        >>> register_family(EncoderFamily("toy", accepts, load, tokenizer, vocabulary_size))
        >>> load_encoder("folder-of-a-toy").num_layers
        1
    """
    _registered[family.name] = family


def load_encoder(
    directory: str,
    *,
    native: bool = True,
    dropout: float = 0.1,
    name: str = "encoder",
    seed: int | None = None,
    dtype: str | None = None,
) -> Encoder:
    """Loads a text encoder for fine-tuning.

    Args:
        directory: As `fetch_encoder` leaves it.
        native: Convert it to Keras layers where its architecture is known; where it is not, or
            where this is False, a SavedModel itself is fine-tuned.
        dropout: Share of units dropped while training, in [0, 1). A SavedModel that is not
            converted keeps its own.
        name: Name of the layer.
        seed: Of the dropout; drawn by `keras.utils.set_random_seed` where None.
        dtype: Policy of the layer, Keras's own where None.

    Returns:
        The encoder, its weights trainable; what it is called with is its `inputs`.

    Raises:
        RunError: The folder holds no encoder, or one that is damaged.
        RunError: The encoder is of an architecture that is not known here.
        RunError: Its tokenizer gives ids for which it has no embedding.

    Example:
        >>> encoder = load_encoder(directory)
        >>> tokens = encoder.tokenizer(max_tokens=128)(["Fits well."])
        >>> encoder(encoder.inputs.pack(tokens))["pooled_output"].shape
        TensorShape([1, 384])
    """
    files, family = _opened(directory, native)
    encoder = family.load(files, dropout=dropout, name=name, seed=seed, dtype=dtype)
    tokens = family.vocabulary_size(files)
    if tokens > encoder.vocabulary_size:
        raise RunError(
            f"the tokenizer in {directory} does not fit its encoder: it has "
            f"{tokens:,} tokens, and there are {encoder.vocabulary_size:,} "
            "embeddings"
        )
    return encoder


def load_tokenizer(directory: str, *, max_tokens: int, truncation: str = "head") -> Tokenizer:
    """Loads the tokenizer of an encoder, without the encoder.

    Args:
        directory: As `fetch_encoder` leaves it.
        max_tokens: Longest output, start and end included, at least 2.
        truncation: What stays of longer texts, `head` or `head_tail`; see `Truncation`.

    Returns:
        The tokenizer.

    Raises:
        RunError: The folder holds no encoder, or one that is damaged.
        RunError: The encoder is of an architecture that is not known here.

    Example:
        >>> load_tokenizer(directory, max_tokens=128)(["Fits well!"]).to_list()
        [[101, 16142, 2092, 999, 102]]
    """
    files, family = _opened(directory)
    return family.tokenizer(files, max_tokens=max_tokens, truncation=truncation)


def _opened(directory: str, native: bool = True) -> tuple[EncoderFiles, EncoderFamily]:
    """The first format of an encoder that a family accepts."""
    forms, known = list(open_encoder_files(directory)), _families()
    for files in forms:
        for family in known:
            if (native or not family.converts) and family.accepts(files):
                return files, family
    if not native:
        raise RunError(
            f"the encoder in {directory} is no SavedModel, which alone can be fine-tuned as "
            "it is: choose model.native=true"
        )
    names = ", ".join(family.name for family in known if family.converts)
    raise RunError(
        f"the encoder in {directory} is of the architecture {forms[0].architecture}, which is "
        f"not known here; known are {names}"
    )


def _families() -> list[EncoderFamily]:
    modules = [importlib.import_module(f".{name}.conversion", __package__) for name in FAMILIES]
    return [*_registered.values(), *(module.FAMILY for module in modules)]
