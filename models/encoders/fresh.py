"""Encoders of a size, with random weights and a vocabulary of their own."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ...choices import choice, choice_problems

if TYPE_CHECKING:
    from .transformer import TransformerEncoder

BERT, ROBERTA = FAMILIES = ("bert", "roberta")
# No encoder that is known here reads more.
_MOST_POSITIONS = 512
_LEAST_POSITIONS = 8
# BERT's; what is drawn further out than twice that is drawn again.
_DEVIATION = 0.02


@dataclasses.dataclass(frozen=True)
class EncoderSize:
    """What an encoder is that starts with random weights.

    Attributes:
        layers: Transformer blocks.
        hidden: Width of the outputs, a multiple of `heads`.
        heads: Attention heads a block; None for one in 64 units of width, or one.
        intermediate: Width of the feed-forward part of a block; None for 4 times `hidden`.
        positions: Longest input in tokens.
        family: `bert`, word pieces, or `roberta`, byte pairs of any text.

    Example:
        >>> EncoderSize(layers=4, hidden=256).num_heads
        4
    """

    layers: int
    hidden: int
    heads: int | None = None
    intermediate: int | None = None
    positions: int = _MOST_POSITIONS
    family: str = choice(BERT, FAMILIES)

    @property
    def num_heads(self) -> int:
        """Attention heads, whether or not they were given."""
        return max(1, self.hidden // 64) if self.heads is None else self.heads

    @property
    def intermediate_size(self) -> int:
        """Width of the feed-forward part, whether or not it was given."""
        return 4 * self.hidden if self.intermediate is None else self.intermediate

    def problems(self) -> Iterator[tuple[str, str]]:
        """Yields `(key, what is wrong and what would be right)` for every bad value."""
        if self.layers < 1:
            yield "layers", f"is {self.layers}; it is a whole number from 1"
        if self.hidden < 1:
            yield "hidden", f"is {self.hidden}; it is a whole number from 1, such as 256"
        if self.heads is not None and self.heads < 1:
            yield "heads", f"is {self.heads}; it is a whole number from 1"
        elif self.hidden >= 1 and self.hidden % self.num_heads:
            yield (
                "hidden",
                f"is {self.hidden}, which {self.num_heads} heads cannot share; choose a multiple",
            )
        if self.intermediate is not None and self.intermediate < 1:
            yield "intermediate", f"is {self.intermediate}; it is a whole number from 1"
        if not _LEAST_POSITIONS <= self.positions <= _MOST_POSITIONS:
            yield (
                "positions",
                f"is {self.positions}; it is a whole number from {_LEAST_POSITIONS} to "
                f"{_MOST_POSITIONS}",
            )
        yield from choice_problems(self)


def make_encoder(
    directory: str,
    size: EncoderSize,
    files: Mapping[str, str],
    *,
    seed: int,
    lower_case: bool = True,
) -> dict[str, Any]:
    """Writes an encoder with random weights, as `load_encoder` takes it, whole or not at all.

    Tables and kernels are drawn as BERT's were, from a normal distribution of deviation 0.02 that
    is cut off at twice that; biases are 0, norms do nothing.

    Args:
        directory: On this machine, made with its parents; if it exists, it has to be empty.
        size: Of the encoder.
        files: Those of its tokenizer, path by name: `vocab.txt` of word pieces, or `vocab.json`
            and `merges.txt` of byte pairs.
        seed: Of what is drawn; the same seed gives the same file on every machine.
        lower_case: Whether the word pieces are of lower-cased text without accents.

    Returns:
        What is known of it, see `write_encoder`.

    Raises:
        RunError: The files are not those of the family's tokenizer.
        OSError: The folder cannot be written.

    Example:
        >>> facts = make_encoder("fresh", EncoderSize(1, 16), {"vocab.txt": "vocab.txt"}, seed=1)
        >>> facts["layers"], load_encoder("fresh").hidden_size
        (1, 16)
    """
    import numpy as np

    from .publishing import write_encoder

    encoder = _build(size, files, lower_case)
    random = np.random.default_rng(seed)
    for weight in encoder.trainable_weights:
        if encoder.is_decayed(weight):
            drawn = random.standard_normal(weight.shape, np.float32)
            while (outside := np.abs(drawn) > 2).any():
                drawn[outside] = random.standard_normal(outside.sum(), np.float32)
            weight.assign(_DEVIATION * drawn)
    return write_encoder(encoder, directory, saved_model=False)


def _build(size: EncoderSize, files: Mapping[str, str], lower_case: bool) -> TransformerEncoder:
    from .bert.backbone import BertEncoder
    from .bert.tokenizer import read_pieces
    from .roberta.backbone import RobertaEncoder
    from .roberta.byte_pairs import read_byte_pairs

    sizes = (size.hidden, size.layers, size.num_heads, size.intermediate_size, size.positions)
    if size.family == BERT:
        vocabulary = files["vocab.txt"]
        return BertEncoder(
            len(read_pieces(vocabulary)), *sizes, vocabulary_file=vocabulary, lower_case=lower_case
        )
    return RobertaEncoder(read_byte_pairs(files).size, *sizes, tokenizer_files=files)
