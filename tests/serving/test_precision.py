"""Which format a model is served in: the faster one, if it decides alike."""

from __future__ import annotations

import numpy as np
import pytest

from reviewlens.models.encoders.bert.tokenizer import WordpieceTokenizer
from reviewlens.models.settings import ModelSettings
from reviewlens.models.tasks.text_classification.model import build_classifier
from reviewlens.models.tasks.text_classification.task import TextClassification
from reviewlens.models.training.tokenized import TokenizedTexts
from reviewlens.serving import precision


@pytest.fixture(scope="module")
def classifier(tiny_encoder):
    return build_classifier(tiny_encoder, ModelSettings(max_tokens=48), 3, "float32")


@pytest.fixture(scope="module")
def evaluation(classifier, reviews) -> TokenizedTexts:
    tokenizer = WordpieceTokenizer(
        classifier.encoder.vocabulary_file, lower_case=True, max_tokens=48
    )
    rows = [np.array(row) for row in tokenizer(reviews[:120]).to_list()]
    return TokenizedTexts.from_rows(rows, {"grade": [row % 3 for row in range(120)]})


@pytest.fixture
def choose(classifier, evaluation, monkeypatch):
    """Chooses on a machine with bfloat16, on which the formats have the given speeds."""
    monkeypatch.setattr(precision, "resolve_precision", lambda requested: "bfloat16")

    def run(requested="auto", float32=100.0, bfloat16=200.0):
        speeds = {"float32": float32, "bfloat16": bfloat16}
        monkeypatch.setattr(
            precision, "_speeds", lambda scorers, _: {name: speeds[name] for name in scorers}
        )
        task = TextClassification(("negative", "neutral", "positive"))
        return precision.choose_precision(task, classifier, requested, evaluation, "accuracy")

    return run


def test_the_faster_format_is_served_if_it_decides_alike(choose, monkeypatch):
    monkeypatch.setattr(precision, "MIN_AGREEMENT", 0.5)
    monkeypatch.setattr(precision, "MAX_CHANGE", 1.0)

    served = choose()

    assert served.facts["precision"] == "bfloat16"
    assert served.facts["reason"].startswith("2.00 times as fast as float32 here")
    assert served.classifier.encoder.variable_dtype == "bfloat16"
    assert set(served.facts["candidates"]["bfloat16"]) == {
        *("reviews_per_second", "agreement", "macro_f1_change"),
    }


@pytest.mark.parametrize(
    ("limit", "value", "reason"),
    [
        ("MIN_AGREEMENT", 1.01, "decides like it on"),
        ("MAX_CHANGE", 0.0, "changes macro_f1 of the eval split by"),
    ],
)
def test_a_format_that_decides_otherwise_is_not_served(choose, monkeypatch, limit, value, reason):
    monkeypatch.setattr(precision, "MIN_AGREEMENT", 0.0)
    monkeypatch.setattr(precision, limit, value)

    served = choose()

    assert served.facts["precision"] == "float32"
    assert reason in served.facts["reason"]
    assert served.classifier.encoder.variable_dtype == "float32"


def test_a_slower_format_is_not_served(choose, monkeypatch):
    monkeypatch.setattr(precision, "MIN_AGREEMENT", 0.0)
    monkeypatch.setattr(precision, "MAX_CHANGE", 1.0)

    assert choose(bfloat16=80.0).facts["reason"] == "bfloat16 is 0.80 times as fast here"


@pytest.mark.parametrize("requested", ["float32", "bfloat16"])
def test_a_format_that_is_asked_for_is_served(choose, requested):
    served = choose(requested)

    assert served.facts["precision"] == requested
    assert served.facts["reason"] == "the configuration asks for it"
    assert list(served.facts["candidates"]) == [requested]
