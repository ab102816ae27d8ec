"""From an encoder's folder to the model of a task."""

from __future__ import annotations

import keras

from ...errors import RunError
from ..encoders.base import Encoder
from ..encoders.registry import load_encoder
from ..precision import precision_policy
from ..settings import AUTO, MaskedModelSettings, ModelSettings
from .base import Objective, Task


def build_model(
    task: Task | Objective,
    encoder: str,
    settings: ModelSettings | MaskedModelSettings,
    precision: str,
) -> keras.Model:
    """A model with the encoder's weights and a fresh head.

    Args:
        task: What the head is for.
        encoder: Directory of a text encoder.
        settings: How to build on it.
        precision: `float32` or `bfloat16`.

    Returns:
        The model, built.

    Raises:
        RunError: If the encoder reads fewer tokens than `settings.max_tokens`.

    Example:
        >>> task = TextClassification(("bad", "good"))
        >>> build_model(task, directory, ModelSettings(), "float32").num_classes
        2
    """
    with precision_policy(precision):
        return task.build(load_fitting_encoder(encoder, settings), settings)


def load_fitting_encoder(encoder: str, settings: ModelSettings | MaskedModelSettings) -> Encoder:
    """Loads an encoder that reads as much of a text as the settings say.

    Args:
        encoder: Directory of a text encoder.
        settings: How to build on it.

    Raises:
        RunError: If it reads fewer tokens than `settings.max_tokens`.
    """
    loaded = load_encoder(encoder, native=settings.native, dropout=settings.dropout)
    if settings.max_tokens != AUTO and loaded.max_positions < int(settings.max_tokens):
        way = f"no more, or {AUTO}" if isinstance(settings, ModelSettings) else "no more"
        raise RunError(
            f"model.max_tokens is {settings.max_tokens}, but this encoder reads "
            f"{loaded.max_positions} tokens at most: choose {way}"
        )
    return loaded
