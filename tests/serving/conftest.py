"""A tiny classifier and its export."""

from __future__ import annotations

import types

import pytest

LABELS = ["negative", "neutral", "positive"]


@pytest.fixture(scope="session")
def served(tiny_encoder, reviews, tmp_path_factory):
    """An exported model: `directory`, and the parts it was made of."""
    import keras
    from reviewlens.models.classifier import build_classifier
    from reviewlens.models.decision import Decision
    from reviewlens.models.settings import ModelSettings
    from reviewlens.models.tokenization import WordpieceTokenizer, pack_inputs
    from reviewlens.serving.export import export_classifier

    keras.utils.set_random_seed(3)
    classifier = build_classifier(tiny_encoder, ModelSettings(max_tokens=48), 3, "float32")
    tokenizer = WordpieceTokenizer(
        classifier.encoder.vocabulary_file, lower_case=True, max_tokens=48
    )
    # A fresh head says nearly the same of every review; this one is spread over the classes.
    logits = classifier(pack_inputs(tokenizer(reviews[:100]))).numpy()
    kernel = classifier.head.get_weights()[0] / logits.std(axis=0)
    classifier.head.set_weights([kernel, -(logits / logits.std(axis=0)).mean(axis=0)])
    decision = Decision(temperature=1.7, offsets=(0.3, 0.2, -0.5))
    directory = str(tmp_path_factory.mktemp("served") / "1")
    export_classifier(
        directory,
        classifier=classifier,
        tokenizer=tokenizer,
        labels=LABELS,
        decision=decision,
        details={"encoder": {"name": "tiny"}},
    )
    return types.SimpleNamespace(
        directory=directory,
        classifier=classifier,
        tokenizer=tokenizer,
        decision=decision,
        labels=LABELS,
    )
