"""Encoders of RoBERTa's architecture (Liu et al., 2019)."""

from __future__ import annotations

from ..preset import EncoderPreset, count_parameters

_VOCABULARY_SIZE = 50265


def _preset(
    name: str, repository: str, description: str, layers: int, hidden: int, licence: str = "MIT"
) -> EncoderPreset:
    return EncoderPreset(
        name=name,
        source=f"hf://{repository}",
        architecture="RoBERTa",
        description=description,
        languages="English",
        vocabulary="byte-level BPE, cased",
        vocabulary_size=_VOCABULARY_SIZE,
        # Two rows of positions are of padding, and all tokens are of one type.
        parameters=count_parameters(layers, hidden, _VOCABULARY_SIZE, positions=514, types=1),
        layers=layers,
        hidden_size=hidden,
        heads=hidden // 64,
        licence=licence,
    )


PRESETS = (
    _preset("roberta-base", "FacebookAI/roberta-base", "RoBERTa base", 12, 768),
    _preset("roberta-large", "FacebookAI/roberta-large", "RoBERTa large", 24, 1024),
    _preset(
        "distilroberta-base",
        "distilbert/distilroberta-base",
        "RoBERTa base distilled to six layers (Sanh et al., 2019)",
        6,
        768,
        "Apache-2.0",
    ),
)
