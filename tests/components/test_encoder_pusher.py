"""A blessed encoder lies in a version folder of its own, whole, and says what it is."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from tfx.types import Channel, standard_artifacts

from reviewlens.components import EncoderPusher
from reviewlens.components.encoder_facts import FACTS_FILE
from reviewlens.components.encoder_pusher import Executor
from reviewlens.components.model_files import model_digest
from reviewlens.components.pretrainer import PretrainedWeights, build_with_heads
from reviewlens.components.trainer import TrainedModel
from reviewlens.errors import RunError
from reviewlens.models import fetch_encoder, load_encoder, make_task, read_head
from reviewlens.models.encoders.fresh import EncoderSize, make_encoder
from reviewlens.models.encoders.publishing import read_facts
from reviewlens.models.settings import MaskedModelSettings, PretrainingSettings

MODEL = MaskedModelSettings(max_tokens=32, objectives=("mlm", "nsp"))
FACTS = {"name": "roberta-base", "source": "hf://FacebookAI/roberta-base", "sha256": "0"}
TRAINING = {"epochs": 2, "reading": {"tokens": 99}, "seconds": 1.0, "keep": 3.0}


@pytest.fixture
def push(make_artifact, tiny_vocabulary, tmp_path):
    """Runs the pusher on a trained model; returns the artifact."""
    encoder = make_artifact(standard_artifacts.Model)
    source = os.path.join(encoder.uri, "Format-Serving")
    size = EncoderSize(1, 16, 2, positions=64)
    make_encoder(source, size, {"vocab.txt": tiny_vocabulary}, seed=1)
    Path(source, "LICENSE").write_text("Do as you like.")
    Path(encoder.uri, FACTS_FILE).write_text(json.dumps(FACTS))
    task = make_task("masked-language-model", objectives=MODEL.objectives)
    model, _ = build_with_heads(task, source, MODEL, "float32")
    trained = make_artifact(TrainedModel)
    run = make_artifact(standard_artifacts.ModelRun)
    Path(run.uri, "training.json").write_text(json.dumps({**TRAINING, "history": [{}]}))
    evaluation = make_artifact(standard_artifacts.ModelEvaluation)
    Path(evaluation.uri, "metrics.json").write_text('{"test": {"mlm_loss": 2.5}}')

    def train(change):
        for weight in model.trainable_weights:
            weight.assign(weight + change)
        weights = PretrainedWeights(
            FACTS["name"], MODEL, PretrainingSettings(), task.name, task.config()
        )
        weights.save(trained.uri, model)

    def run_node(reason="", judged="", **inputs):
        blessing = make_artifact(standard_artifacts.ModelBlessing)
        blessing.set_int_custom_property("blessed", int(not reason))
        blessing.set_string_custom_property("reason", reason)
        blessing.set_string_custom_property("model_sha256", judged)
        pushed = make_artifact(standard_artifacts.PushedModel)
        Executor().Do(
            {"trained_model": [trained], "encoder": [encoder], "blessing": [blessing], **inputs},
            {"pushed_model": [pushed]},
            {"encoder_dir": str(run_node.versions), "name": "mine"},
        )
        assert [path.name for path in Path(pushed.uri).iterdir()] == []
        return pushed

    train(0.1)
    run_node.train, run_node.model, run_node.trained = train, model, trained
    run_node.more = {"model_run": [run], "evaluation": [evaluation]}
    run_node.versions = tmp_path / "encoder" / "mine"
    return run_node


def test_what_is_pushed_is_the_trained_encoder_and_is_pushed_once(push, tmp_path):
    pushed = push(judged=model_digest(push.trained.uri), **push.more)
    (version,) = push.versions.iterdir()
    assert pushed.get_int_custom_property("pushed") == 1
    assert pushed.get_string_custom_property("pushed_destination") == str(version)
    assert pushed.get_string_custom_property("pushed_version") == version.name

    # A folder of versions is an encoder to start from.
    record = fetch_encoder(str(push.versions), str(tmp_path / "fetched"))
    assert record.sha256 == pushed.get_string_custom_property("sha256")
    for mine, theirs in zip(
        load_encoder(str(tmp_path / "fetched")).weights, push.model.encoder.weights, strict=True
    ):
        np.testing.assert_array_equal(mine, theirs)
    head = read_head(str(tmp_path / "fetched"))
    for name, variable in push.model.head.items():
        np.testing.assert_array_equal(head[name], variable)
    task = make_task("masked-language-model", objectives=MODEL.objectives)
    _, loaded = build_with_heads(task, str(tmp_path / "fetched"), MODEL, "float32")
    assert loaded == ("mlm", "nsp")

    facts = json.loads((version / "encoder.json").read_text())
    assert facts["name"] == "mine" and facts["head"] == ["mlm", "nsp"]
    assert facts["started_from"] == {**FACTS, "licence": "MIT"}
    assert facts["training"] == TRAINING
    # A copy still knows it, so that what goes on from there does likewise.
    assert read_facts(str(tmp_path / "fetched")) == facts
    assert facts["metrics"] == {"test": {"mlm_loss": 2.5}}
    assert facts["model"]["objectives"] == ["mlm", "nsp"]
    assert (version / "LICENSE").read_text() == "Do as you like."
    assert "licence: MIT" in (version / "NOTICE").read_text()
    assert (version / "saved_model.pb").exists()

    # As after a pusher that was killed before it had recorded what it did.
    again = push()
    assert again.get_string_custom_property("pushed_version") == version.name
    # One that is damaged is not what was pushed; of a pusher that was killed nothing stays.
    (version / "vocab.txt").write_text("[PAD]")
    left = push.versions / ".7.partial"
    left.mkdir()
    (push.versions / "7").mkdir()
    (push.versions / "7" / "config.json").write_text("{}")
    newer = push()
    assert sorted(path.name for path in push.versions.iterdir()) == [
        version.name,
        newer.get_string_custom_property("pushed_version"),
    ]
    assert int(newer.get_string_custom_property("pushed_version")) > int(version.name)


def test_what_is_not_blessed_is_not_pushed(push):
    pushed = push(reason="perplexity is 9")

    assert pushed.get_int_custom_property("pushed") == 0
    assert pushed.get_string_custom_property("reason") == "perplexity is 9"
    assert not push.versions.exists()


def test_what_has_changed_since_it_was_judged_is_not_pushed(push):
    judged = model_digest(push.trained.uri)
    push.train(0.1)
    with pytest.raises(RunError, match="changed since the encoder-evaluator judged them"):
        push(judged=judged)
    assert not push.versions.exists()


def test_a_push_onto_a_full_disk_leaves_nothing(push, monkeypatch):
    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tfx.dsl.io.fileio.rename", fail)
    with pytest.raises(OSError, match="No space left"):
        push()
    assert list(push.versions.iterdir()) == []


def test_the_node_takes_what_the_others_give():
    node = EncoderPusher(
        trained_model=Channel(type=TrainedModel),
        encoder=Channel(type=standard_artifacts.Model),
        blessing=Channel(type=standard_artifacts.ModelBlessing),
        encoder_dir="encoder/mine",
        name="mine",
    )
    assert sorted(node.inputs) == ["blessing", "encoder", "trained_model"]
    assert list(node.outputs) == ["pushed_model"]
