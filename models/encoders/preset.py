"""What is known of an encoder before it is fetched."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class EncoderPreset:
    """An encoder that the catalog knows by name.

    Attributes:
        name: As a configuration names it.
        source: Where it comes from, as `fetch_encoder` takes it.
        architecture: What the field calls it: BERT, DistilBERT, ELECTRA or RoBERTa.
        description: One line.
        languages: What it was trained on, such as `English` or `104 languages`.
        vocabulary: Kind and casing of the pieces that text is cut into.
        vocabulary_size: How many there are.
        parameters: Weights of the encoder, those of the pooler included where there is one.
        layers: Transformer blocks.
        hidden_size: Width of the outputs.
        heads: Attention heads a block.
        licence: SPDX name of the weights' licence.
        offline: Whether it can be had without a network.
    """

    name: str
    source: str
    architecture: str
    description: str
    languages: str
    vocabulary: str
    vocabulary_size: int
    parameters: int
    layers: int
    hidden_size: int
    heads: int
    licence: str = "Apache-2.0"
    offline: bool = False


def count_parameters(
    layers: int,
    hidden: int,
    vocabulary: int,
    *,
    embedding: int | None = None,
    positions: int = 512,
    types: int = 2,
    pooler: bool = True,
) -> int:
    """Counts the weights of an encoder with BERT's blocks.

    Args:
        layers: Transformer blocks, each with a feed-forward part of 4 * `hidden`.
        hidden: Width of the outputs.
        vocabulary: Pieces.
        embedding: Width of the embeddings, where that is another.
        positions: Rows of the table of positions.
        types: Rows of the table of token types.
        pooler: Whether it has one, a dense layer on the first token's vector.

    Returns:
        Those of embeddings, blocks and pooler.

    Example:
        >>> count_parameters(12, 768, 30522)
        109482240
    """
    width = embedding or hidden
    embeddings = (vocabulary + positions + types + 2) * width
    if width != hidden:
        embeddings += width * hidden + hidden
    attention = 4 * (hidden * hidden + hidden)
    feed_forward = 2 * 4 * hidden * hidden + 4 * hidden + hidden
    norms = 4 * hidden
    top = hidden * hidden + hidden if pooler else 0
    return embeddings + layers * (attention + feed_forward + norms) + top
