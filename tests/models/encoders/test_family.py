"""A family of encoders is a folder and a line: one from here goes through to a served answer."""

from __future__ import annotations

import functools
import re
from pathlib import Path

import numpy as np
import pytest
import toy_family
from encoder_test_case import run_encoder_test
from folders import write_words
from toy_family.backbone import WordEncoder
from toy_family.conversion import FAMILY

from reviewlens.errors import RunError
from reviewlens.models import load_encoder, load_tokenizer, register_family
from reviewlens.models.encoders import registry
from reviewlens.models.settings import ModelSettings
from reviewlens.models.tasks.calibration import Calibration
from reviewlens.models.tasks.text_classification.decision import Decision
from reviewlens.models.tasks.text_classification.model import build_classifier
from reviewlens.models.tasks.text_classification.task import TextClassification
from reviewlens.serving import LocalModel
from reviewlens.serving.export import export_model
from reviewlens.serving.text_models.encoder import EncoderModel

ROOT = Path(__file__).parents[3]


@pytest.fixture
def words(tmp_path) -> str:
    """Directory of an encoder of the toy family."""
    return write_words(tmp_path / "words")


@pytest.fixture
def registered(monkeypatch):
    monkeypatch.setattr(registry, "_registered", {})
    register_family(FAMILY)


def test_without_its_family_it_is_refused(words):
    with pytest.raises(RunError, match="architecture words, which is not known here"):
        load_encoder(words)


def test_a_toy_family_goes_through_to_a_served_answer(
    registered, words, tmp_path, run_tokenizer_test
):
    encoder = load_encoder(words)
    assert isinstance(encoder, WordEncoder)
    run_encoder_test(encoder)
    run_tokenizer_test(functools.partial(load_tokenizer, words))

    classifier = build_classifier(words, ModelSettings(max_tokens=32), 2, "float32")
    tokenizer = classifier.encoder.tokenizer(32)
    directory = tmp_path / "served" / "1"
    export_model(
        str(directory),
        task=TextClassification(("bad", "good")),
        model=EncoderModel(classifier, tokenizer),
        decision=Decision(Calibration(1.0, (0.0, 0.0)), offsets=(0.0, 0.0)),
    )

    assert (directory / "assets" / "buckets.txt").exists()
    texts = ["fits well", "ok", "fell apart after a day or two of careful use"]
    logits = classifier(classifier.encoder.inputs.pack(tokenizer(texts))).numpy()
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    for prediction, row in zip(LocalModel(str(directory)).predict(texts), expected, strict=True):
        assert list(prediction.probabilities.values()) == pytest.approx(row, abs=1e-5)


def test_the_guide_names_the_files_of_a_family():
    text = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
    (section,) = re.findall(r"^## An encoder family\n(.*?)(?=^## |\Z)", text, re.M | re.S)
    named = set(re.findall(r"^\| `models/encoders/NAME/(\w+\.py)`", section, re.M))
    own = {path.name for path in Path(toy_family.__file__).parent.glob("*.py")} - {"__init__.py"}
    assert named == own
    for family in registry.FAMILIES:
        there = {path.name for path in (ROOT / "models" / "encoders" / family).glob("*.py")}
        # What stays a SavedModel has BERT's tokenizer.
        assert named - there <= ({"tokenizer.py"} if family == "saved_model" else set())
    others = re.findall(r"^\| `(models/encoders/\w+\.py)`", section, re.M)
    assert others == ["models/encoders/registry.py", "models/encoders/catalog.py"]
    assert all((ROOT / other).exists() for other in others)
