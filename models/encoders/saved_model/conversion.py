"""Encoders that are fine-tuned as the SavedModels that they came as."""

from __future__ import annotations

from ..base import EncoderFamily, EncoderFiles
from ..bert.conversion import vocabulary_size
from ..bert.tokenizer import WordpieceTokenizer
from ..formats.saved_model import SavedEncoder
from .backbone import HubEncoder


def accepts(files: EncoderFiles) -> bool:
    """Whether the files are a SavedModel, of whatever architecture."""
    return isinstance(files, SavedEncoder)


def load(files: EncoderFiles, *, dropout, seed, name: str, dtype: str | None) -> HubEncoder:
    """Makes the layer that runs the SavedModel; it keeps its own dropout."""
    return HubEncoder(files.directory, name=name, dtype=dtype)


def load_tokenizer(files: SavedEncoder, **cut) -> WordpieceTokenizer:
    """Makes the tokenizer of the files, which cuts texts by `max_tokens` and `truncation`."""
    return WordpieceTokenizer(files.vocabulary_file, lower_case=files.lower_case, **cut)


FAMILY = EncoderFamily(
    "saved_model", accepts, load, load_tokenizer, vocabulary_size, converts=False
)
