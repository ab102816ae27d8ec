"""Whether files are an encoder, which is found by making it.

A module of its own, because what an encoder computes with changes no file that is fetched: the
cache does not ask for encoders anew when it does.
"""

from __future__ import annotations

import dataclasses

from ..registry import load_encoder


@dataclasses.dataclass(frozen=True)
class EncoderFacts:
    """What an encoder turned out to be; see `EncoderRecord`."""

    parameters: int
    hidden_size: int
    layers: int


def verify_encoder(directory: str) -> EncoderFacts:
    """Makes an encoder of files.

    Args:
        directory: The folder with the files.

    Returns:
        What it turned out to be.

    Raises:
        RunError: They are none, or one of an architecture that is not known.

    Example:
        >>> verify_encoder("all-MiniLM-L6-v2").layers
        6
    """
    encoder = load_encoder(directory)
    return EncoderFacts(
        parameters=sum(weight.shape.num_elements() for weight in encoder.trainable_variables),
        hidden_size=encoder.hidden_size,
        layers=encoder.num_layers,
    )
