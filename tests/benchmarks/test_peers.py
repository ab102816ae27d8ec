"""What the peers are given of an exported model, and what they make of its logits."""

from __future__ import annotations

import importlib
import json
import shutil
import types
from pathlib import Path

import numpy as np
import pytest

from reviewlens.models.encoders.bert.backbone import BertEncoder
from reviewlens.models.encoders.bert.tokenizer import WordpieceTokenizer, pack_inputs
from reviewlens.models.precision import with_precision
from reviewlens.models.tasks.calibration import Calibration
from reviewlens.models.tasks.text_classification.decision import Decision
from reviewlens.models.tasks.text_classification.model import ReviewClassifier
from reviewlens.models.tasks.text_classification.task import TextClassification
from reviewlens.serving import LocalModel
from reviewlens.serving.export import export_model
from reviewlens.serving.text_models.encoder import EncoderModel

LABELS = ["negative", "neutral", "positive"]
GRADES = (0, 0, 1, 2, 2)
MAX_TOKENS = 48


@pytest.fixture(scope="module")
def graded(tiny_vocabulary, reviews, tmp_path_factory):
    """A model of five grades, exported, and what it says of some reviews."""
    import keras

    keras.utils.set_random_seed(5)
    vocabulary_size = len(Path(tiny_vocabulary).read_text(encoding="utf-8").splitlines())
    encoder = BertEncoder(vocabulary_size, 48, 2, 12, 96, vocabulary_file=tiny_vocabulary)
    classifier = ReviewClassifier(encoder, 3, grades=GRADES)
    # Fresh biases and norms are all zeros and ones, which would hide a mix-up of theirs.
    random = np.random.default_rng(5)
    for weight in classifier.weights:
        weight.assign(weight + random.normal(0, 0.1, weight.shape))
    tokenizer = WordpieceTokenizer(tiny_vocabulary, lower_case=True, max_tokens=MAX_TOKENS)
    texts = reviews[:200]
    inputs = pack_inputs(tokenizer(texts))
    # A fresh head says nearly the same of every review.
    logits = classifier.grade_logits(inputs).numpy()
    kernel = 3 * classifier.head.get_weights()[0] / logits.std(axis=0)
    classifier.head.set_weights([kernel, np.zeros(5)])
    classifier.head.set_weights([kernel, -classifier.grade_logits(inputs).numpy().mean(axis=0)])
    folder = tmp_path_factory.mktemp("graded")
    for precision in ("float32", "bfloat16"):
        export_model(
            str(folder / precision),
            task=TextClassification(LABELS, GRADES),
            model=EncoderModel(with_precision(classifier, precision), tokenizer),
            decision=Decision(Calibration(1.7, (0.4, -0.6, 0.2), 0.1), offsets=(0.3, 0.2, -0.5)),
        )
    predictions = LocalModel(str(folder / "float32")).predict(texts)
    return types.SimpleNamespace(
        folder=folder,
        texts=texts,
        head=classifier.head.get_weights(),
        grade_logits=classifier.grade_logits(inputs).numpy(),
        probabilities=np.array([list(p.probabilities.values()) for p in predictions]),
        classes=[LABELS.index(p.label) for p in predictions],
    )


@pytest.fixture
def checkpoint(graded, scripts, tmp_path) -> str:
    """Folder of the model as a peer gets it."""
    convert = importlib.import_module("peers.convert").convert
    convert(str(graded.folder / "float32"), str(tmp_path / "checkpoint"))
    return str(tmp_path / "checkpoint")


def test_peers_conclude_what_the_exported_model_does(graded, checkpoint):
    conclude = importlib.import_module("peers.decision").conclude
    decision = json.loads(Path(checkpoint, "decision.json").read_text())

    probabilities, classes = conclude(graded.grade_logits, decision)

    assert set(graded.classes) == {0, 1, 2}
    assert classes.tolist() == graded.classes
    np.testing.assert_allclose(probabilities, graded.probabilities, atol=1e-5)


@pytest.mark.parametrize("logits", [[[-2e3, -1e3, -3e3, -4e3, -4e3]], [[90.0, 0, 0, 0, 0]]])
def test_a_class_without_any_chance_stays_finite(graded, checkpoint, logits):
    conclude = importlib.import_module("peers.decision").conclude
    decision = json.loads(Path(checkpoint, "decision.json").read_text())

    probabilities, classes = conclude(np.array(logits, np.float32), decision)

    np.testing.assert_allclose(probabilities, [[1, 0, 0]], atol=1e-6)
    assert classes.tolist() == [0]


@pytest.mark.parametrize("precision, tolerance", [("float32", 0), ("bfloat16", 0.01)])
def test_peers_get_the_weights_of_all_grades(graded, scripts, tmp_path, precision, tolerance):
    from safetensors.numpy import load_file

    convert = importlib.import_module("peers.convert").convert
    convert(str(graded.folder / precision), str(tmp_path))

    head = load_file(tmp_path / "head.safetensors")
    kernel, bias = graded.head
    np.testing.assert_allclose(head["weight"], kernel.T, atol=tolerance * np.abs(kernel).max())
    np.testing.assert_allclose(head["bias"], bias, atol=tolerance * np.abs(bias).max())
    encoder = load_file(tmp_path / "model.safetensors")
    assert encoder["encoder.layer.1.intermediate.dense.weight"].shape == (96, 48)


def test_keras_nlp_scores_as_the_exported_model_does(graded, checkpoint):
    Task = importlib.import_module("score_keras_nlp").Task

    found = Task(checkpoint, "float32").score(graded.texts, batch_size=64)

    np.testing.assert_allclose(found["probabilities"], graded.probabilities, atol=1e-3)
    assert found["classes"] == graded.classes


def test_a_model_that_names_no_grades_is_to_be_exported_again(graded, scripts, tmp_path):
    convert = importlib.import_module("peers.convert").convert
    old = shutil.copytree(graded.folder / "float32", tmp_path / "old")
    card = json.loads((old / "assets.extra" / "model.json").read_text())
    del card["grades"]
    (old / "assets.extra" / "model.json").write_text(json.dumps(card))

    with pytest.raises(SystemExit, match="model.json does not name grades; export it again"):
        convert(str(old), str(tmp_path / "checkpoint"))


def test_without_the_peers_environment_it_says_how_to_go_on(scripts, monkeypatch, tmp_path):
    workers = importlib.import_module("workers")
    monkeypatch.setattr(workers, "PEERS", tmp_path)

    with pytest.raises(SystemExit, match="make bench-peers, or leave its peers out: --peers"):
        workers.peer_python()
