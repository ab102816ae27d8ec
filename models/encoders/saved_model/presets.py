"""Encoders of other architectures that TF Hub has as SavedModels."""

from __future__ import annotations

from ..preset import EncoderPreset, count_parameters


def _electra(
    size: str, layers: int, hidden: int, heads: int, embedding: int | None = None
) -> EncoderPreset:
    return EncoderPreset(
        name=f"electra-{size}",
        source=f"https://tfhub.dev/google/electra_{size}/2",
        architecture="ELECTRA",
        description="Discriminator that tells replaced words (Clark et al., 2020)",
        languages="English",
        vocabulary="WordPiece, uncased",
        vocabulary_size=30522,
        parameters=count_parameters(layers, hidden, 30522, embedding=embedding),
        layers=layers,
        hidden_size=hidden,
        heads=heads,
    )


PRESETS = (
    _electra("small", 12, 256, 4, embedding=128),
    _electra("base", 12, 768, 12),
    _electra("large", 24, 1024, 16),
)
