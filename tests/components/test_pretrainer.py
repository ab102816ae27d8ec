"""The pretrainer gives the weights of an encoder that has read texts, and of its heads."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from tfx.types import Channel, standard_artifacts

from reviewlens import progress
from reviewlens.components.encoder_facts import FACTS_FILE
from reviewlens.components.pretrainer import PretrainedWeights, Pretrainer, pretrain
from reviewlens.components.pretrainer.component import Executor
from reviewlens.components.segments.reading import read_segments
from reviewlens.components.trainer import TrainedModel, TrainingRun, remove_replaced_checkpoint
from reviewlens.errors import RunError
from reviewlens.models import Scorer, make_task
from reviewlens.models.settings import MaskedModelSettings, PretrainingSettings

MODEL = MaskedModelSettings(max_tokens=48, objectives=("mlm", "nsp"))
TRAINING = PretrainingSettings(epochs=2, batch_size=16, learning_rate=1e-2, precision="float32")


@pytest.fixture
def arguments(tiny_encoder, segment_files, pairs, reviews, tmp_path):
    """The arguments of a training; a name of its own for each run's outputs."""
    train, rest = pairs(reviews[:320]), pairs(reviews[320:400])

    def make(name="run", training=TRAINING, model=MODEL, train=train, test=rest, **how):
        task = make_task("masked-language-model", objectives=model.objectives)
        return {
            "trained": PretrainedWeights("tiny", model, training, task.name, task.config()),
            "encoder": tiny_encoder,
            "train_files": segment_files(train, **how),
            "eval_files": segment_files(rest, **how),
            "test_files": segment_files(test),
            "trained_model": str(tmp_path / name / "trained_model"),
            "run": TrainingRun(
                str(tmp_path / name / "model_run"),
                checkpoints=str(tmp_path / "checkpoints"),
                tensorboard=str(tmp_path / name / "tensorboard"),
                code="1",
            ),
        }

    return make


def facts(args) -> dict:
    return json.loads(Path(args["run"].model_run, "training.json").read_text())


def without_times(record: dict) -> dict:
    times = ("seconds", "examples_per_second", "tokens_per_second", "profile", "tensorboard")
    return {name: value for name, value in record.items() if name not in times}


def built(args):
    trained = PretrainedWeights.load(args["trained_model"])
    return trained.build(args["trained_model"], args["encoder"])


def test_an_interrupted_run_goes_on_and_file_order_does_not_matter(arguments):
    training = dataclasses.replace(TRAINING, keep=1.0)
    whole = arguments("whole", training)
    resumed = arguments("resumed", training, shards=3, seed=1)
    pretrain(**whole)
    # Or the same training would be over at once.
    remove_replaced_checkpoint(whole["trained_model"])

    def stop(done, total, note):
        if done >= 30:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), progress.reporting_to(stop):
        pretrain(**resumed)
    assert not os.path.exists(resumed["trained_model"])
    seen = []
    with progress.reporting_to(lambda done, total, note: seen.append((done, note))):
        pretrain(**resumed)
    assert min(seen)[0] >= 30 and "compiling" in seen[0][1]
    assert any("tokens/s" in note for _, note in seen)
    # Whatever stops the work that comes next, no step is taken again.
    with progress.reporting_to(lambda *report: pytest.fail("trained again")):
        pretrain(**resumed)
    record = facts(resumed)
    # A SavedModel has the head that tells pieces, and never the one that tells pairs.
    assert record["heads"] == {"mlm": "loaded", "nsp": "fresh"}
    assert record["keep"] == 1.0
    assert without_times(record) == without_times(facts(whole))
    mine, theirs = built(resumed), built(whole)
    for one, other in zip(mine.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)

    # What was kept is what was judged after the best epoch.
    trained = PretrainedWeights.load(whole["trained_model"])
    assert trained == whole["trained"]
    task = make_task(trained.task, **trained.task_config)
    texts = read_segments(whole["eval_files"], "eval")
    figures = task.measure(Scorer(task.scored(theirs))(texts), texts).figures
    best = record["history"][record["best_epoch"] - 1]
    assert figures == pytest.approx({name: best[name] for name in figures}, rel=1e-5)
    assert best["mlm_loss"] < 5.5


@pytest.mark.parametrize(
    ("keep", "heads", "random_weights", "before", "kept"),
    [
        ("auto", False, False, None, 10.0),
        ("auto", False, True, None, 0.0),
        ("auto", True, False, None, 0.0),
        ("auto", True, False, {"keep": 5.0}, 5.0),
        ("auto", True, False, {"keep": 0.0}, 0.0),
        ("auto", True, False, {"epochs": 1}, 0.0),
        (0, False, False, None, 0.0),
        (0, True, False, {"keep": 5.0}, 0.0),
        (3.0, True, False, None, 3.0),
    ],
)
def test_vectors_are_kept_of_an_encoder_that_has_learnt_and_has_no_heads_or_kept_them_before(
    arguments, monkeypatch, tmp_path, keep, heads, random_weights, before, kept
):
    if not heads:
        monkeypatch.setattr(
            "reviewlens.components.pretrainer.building.read_head", lambda folder: {}
        )
    run = arguments(training=dataclasses.replace(TRAINING, keep=keep))
    if before:
        run["encoder"] = shutil.copytree(run["encoder"], tmp_path / "pushed")
        said = {"files": {}, "training": before}
        Path(run["encoder"], "encoder.json").write_text(json.dumps(said))
    seen = {}

    def stop(model, training, evaluation, settings, *, task, **_):
        seen["task"] = task
        raise KeyboardInterrupt

    monkeypatch.setattr("reviewlens.components.pretrainer.pretraining.train_watched", stop)
    with pytest.raises(KeyboardInterrupt):
        pretrain(**run, random_weights=random_weights)
    assert getattr(seen["task"], "weight", 0.0) == kept


def test_the_node_trains_for_the_epochs_of_the_run_and_fresh_heads_know_how_frequent_pieces_are(
    make_artifact, tiny_encoder, segment_files, pairs, reviews, monkeypatch
):
    monkeypatch.setattr("reviewlens.components.pretrainer.building.read_head", lambda folder: {})
    segments = make_artifact(standard_artifacts.Examples, split_names='["train", "eval", "test"]')
    for name, texts in (("train", reviews[:32]), ("eval", reviews[:9]), ("test", reviews[9:18])):
        segment_files(pairs(texts), Path(segments.uri, f"Split-{name}"))
    encoder = make_artifact(standard_artifacts.Model)
    os.symlink(tiny_encoder, os.path.join(encoder.uri, "Format-Serving"))
    Path(encoder.uri, FACTS_FILE).write_text('{"name": "tiny", "sha256": "0"}')
    outputs = {
        "trained_model": make_artifact(TrainedModel),
        "model_run": make_artifact(standard_artifacts.ModelRun),
    }
    node = Pretrainer(
        segments=Channel(type=standard_artifacts.Examples),
        encoder=Channel(type=standard_artifacts.Model),
        model=MODEL,
        training=dataclasses.replace(TRAINING, epochs=5, learning_rate=1e-6),
        epochs=1,
    )
    Executor().Do(
        {"segments": [segments], "encoder": [encoder]},
        {key: [artifact] for key, artifact in outputs.items()},
        node.exec_properties,
    )

    record = json.loads(Path(outputs["model_run"].uri, "training.json").read_text())
    assert (record["epochs"], record["steps"]) == (1, 2)
    assert record["tokens_per_second"] > record["examples_per_second"] > 0
    assert record["heads"] == {"mlm": "fresh", "nsp": "fresh"}
    assert record["keep"] == 10.0
    # A uniform guess of one in nearly 500 pieces costs 6.2.
    assert record["history"][0]["mlm_loss"] < 5.8
    assert record["reading"]["segments"] == 32 and record["reading"]["pairs"] == 1
    assert set(os.listdir(outputs["trained_model"].uri)) == {"trained.json", "trained.weights.h5"}
    trained = PretrainedWeights.load(outputs["trained_model"].uri)
    assert (trained.encoder, trained.training.epochs) == ("tiny", 1)
    assert trained.model == MODEL


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"training": dataclasses.replace(TRAINING, epochs=0)}, "training.epochs: is 0; it is a"),
        (
            {"training": dataclasses.replace(TRAINING, batch_size=512)},
            "the train split has 320 segments of up to 48 tokens, which is less than one batch of "
            "512: give more text, or a smaller training.batch_size or model.max_tokens",
        ),
        ({"train": []}, "the train split is empty"),
        ({"test": []}, "the test split is empty"),
        (
            {"train": [([2, 7, 3], 0, -1)] * 16},
            "model.objectives has nsp, but no segment of the train split has two parts",
        ),
        (
            {"model": dataclasses.replace(MODEL, max_tokens=256)},
            "model.max_tokens is 256, but this encoder reads 128 tokens at most",
        ),
    ],
)
def test_what_cannot_be_trained_is_told_before(arguments, change, problem):
    with pytest.raises(RunError, match=f"^{problem}"):
        pretrain(**arguments(**change))
