"""The model that is pre-trained, with the heads that its encoder comes with."""

from __future__ import annotations

from ...models.encoders.pretraining_heads import read_head
from ...models.settings import MaskedModelSettings
from ...models.tasks.building import build_model
from ...models.tasks.masked_language_model.model import MaskedLanguageModel, load_head
from ...models.tasks.masked_language_model.task import MaskedLanguageModeling


def build_with_heads(
    task: MaskedLanguageModeling, encoder: str, settings: MaskedModelSettings, precision: str
) -> tuple[MaskedLanguageModel, tuple[str, ...]]:
    """Builds a model on an encoder, as it was pre-trained before as far as that is known.

    Args:
        task: What it guesses.
        encoder: Directory of the encoder.
        settings: How to build on it.
        precision: `float32` or `bfloat16`.

    Returns:
        The model, and those of its objectives whose heads are the encoder's own; the others have
        fresh ones.

    Raises:
        RunError: The encoder reads fewer tokens than `settings.max_tokens`, or is of a family that
            cannot learn one of the objectives.
    """
    model = build_model(task, encoder, settings, precision)
    return model, load_head(model, read_head(encoder))
