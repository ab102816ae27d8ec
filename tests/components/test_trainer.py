"""The trainer gives weights and their history, and nothing that depends on how they are served."""

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
from reviewlens.components.trainer import (
    TrainedModel,
    TrainedWeights,
    TrainingRun,
    fine_tune,
    remove_replaced_checkpoint,
)
from reviewlens.components.trainer.component import Executor, ReviewTrainer
from reviewlens.errors import RunError
from reviewlens.models.settings import DebugSettings, ModelSettings, TrainingSettings
from reviewlens.pipeline.cli import main

# So little is learnt in an epoch.
QUIET = DebugSettings(rules={"no_better_than_guessing": {"action": "ignore"}})
TRAINING = TrainingSettings(epochs=2, batch_size=16, learning_rate=2e-2, precision="float32")


@pytest.fixture
def arguments(tiny_encoder, split, reviews, task, tmp_path):
    """The arguments of a training; a name of its own for each run's outputs."""
    patterns = split(reviews[:320]), split(reviews[320:480])

    def make(name="run", training=TRAINING, model=None, files=patterns):
        model = model or ModelSettings(max_tokens=48)
        return {
            "trained": TrainedWeights("tiny", model, training, task.name, task.config),
            "encoder": tiny_encoder,
            "train_files": files[0],
            "eval_files": files[1],
            "trained_model": str(tmp_path / name / "trained_model"),
            "run": TrainingRun(
                str(tmp_path / name / "model_run"),
                checkpoints=str(tmp_path / "checkpoints"),
                tensorboard=str(tmp_path / name / "tensorboard"),
                code="1",
            ),
        }

    return make


def watched(args, debug) -> dict:
    return {**args, "run": dataclasses.replace(args["run"], debug=debug)}


def facts(args) -> dict:
    return json.loads(Path(args["run"].model_run, "training.json").read_text())


def without_times(record: dict) -> dict:
    times = ("seconds", "examples_per_second", "profile", "tensorboard")
    return {name: value for name, value in record.items() if name not in times}


def weights(args) -> list[np.ndarray]:
    trained = TrainedWeights.load(args["trained_model"])
    return trained.build(args["trained_model"], args["encoder"]).get_weights()


def test_trains_and_keeps_the_weights_of_the_best_epoch(arguments, reviews, task):
    args = arguments()
    fine_tune(**args)

    record = facts(args)
    assert set(record) == {
        *("epochs", "steps", "examples_per_second", "seconds", "best_epoch", "precision"),
        *("reading", "history", "profile", "tensorboard", "learning_rates"),
    }
    assert record["epochs"] == 2 and record["steps"] == 2 * 20
    assert record["precision"] == "float32"
    trained = TrainedWeights.load(args["trained_model"])
    # And how many reviews of each class there were, for the decision.
    classes = [task.label_of(text) for text in reviews[:320]]
    assert trained.task_config.pop("class_counts") == np.bincount(classes).tolist()
    assert trained == args["trained"]
    (kept,) = os.listdir(args["run"].checkpoints)
    remove_replaced_checkpoint(args["trained_model"])
    assert os.listdir(args["run"].checkpoints) == [], kept
    (folder,) = os.listdir(args["run"].tensorboard)
    assert record["tensorboard"]["folder"] == os.path.join(args["run"].tensorboard, folder)
    assert record["profile"]["seconds"]["forward"] > 0


def test_a_training_goes_on_from_what_an_earlier_one_has_learnt(arguments, task):
    short = dataclasses.replace(TRAINING, epochs=1)
    first = arguments("first", short)
    fine_tune(**first)
    still = dataclasses.replace(
        short, learning_rate=1e-12, seed=8, start_from=first["trained_model"]
    )
    second = arguments("second", still)
    fine_tune(**second)

    assert facts(second)["start_from"] == first["trained_model"]
    for mine, theirs in zip(weights(second), weights(first), strict=True):
        np.testing.assert_allclose(mine, theirs, atol=1e-6)

    trained = dataclasses.replace(
        second["trained"],
        encoder="other",
        model=ModelSettings(max_tokens=48, pooling="first"),
        task_config={**task.config, "labels": ["bad", "fair", "good"]},
    )
    with pytest.raises(RunError) as refused:
        fine_tune(**{**second, "trained": trained})
    said = str(refused.value)
    assert "its encoder is 'tiny', that of this run 'other'" in said
    assert "its labels is" in said and "['bad', 'fair', 'good']" in said
    assert "its model.pooling is 'mean'" in said
    nowhere = dataclasses.replace(still, start_from=second["run"].model_run)
    with pytest.raises(RunError, match="has no trained.weights.h5: it is the output of the node"):
        fine_tune(**arguments("third", nowhere))


def test_what_is_left_to_the_reviews_is_as_good_as_said(arguments):
    settings = ModelSettings(max_tokens="auto", truncation="head_tail")
    short = dataclasses.replace(TRAINING, epochs=1)
    args = arguments("auto", training=short, model=settings)
    fine_tune(**args)
    said = arguments("said", short, dataclasses.replace(settings, max_tokens=128))
    # The same training: the checkpoint says that it is over.
    with progress.reporting_to(lambda *report: pytest.fail("trained again")):
        fine_tune(**said)

    trained = [TrainedWeights.load(each["trained_model"]) for each in (args, said)]
    assert trained[0] == trained[1] and trained[0].model == said["trained"].model
    reading = facts(args)["reading"]
    assert reading == facts(said)["reading"]
    # As many as the tiny encoder reads.
    assert (reading["max_tokens"], reading["truncation"]) == (128, "head_tail")


def test_what_a_rule_has_ended_is_over_only_for_who_asks_for_that_rule(arguments):
    args = arguments(training=dataclasses.replace(TRAINING, epochs=1))
    strict = {"share": 0.001, "steps_judged": 10}
    fine_tune(**watched(args, DebugSettings(rules={"padding": {**strict, "action": "stop"}})))
    assert facts(args)["steps"] == 10 and facts(args)["stopped_by"].startswith("padding: ")

    fine_tune(**watched(args, DebugSettings(rules={"padding": strict})))
    assert facts(args)["steps"] == 20 and "stopped_by" not in facts(args)
    assert [found["rule"] for found in facts(args)["findings"]] == ["unread_tokens", "padding"]


@pytest.mark.slow
def test_what_was_seen_of_a_training_that_a_rule_fails_is_kept(arguments, capsys):
    args = arguments(training=dataclasses.replace(TRAINING, epochs=1))
    strict = {"share": 0.001, "steps_judged": 10, "action": "fail"}
    debug = DebugSettings(rules={"padding": strict}, save=["losses"], every=5)
    with pytest.raises(RunError, match=r"debug\.rules\.padding\.action is fail") as refused:
        fine_tune(**watched(args, debug))
    *_, folder = str(refused.value).split()
    # As TFX does with the outputs of a node that has failed.
    shutil.rmtree(args["run"].model_run)
    assert main(["debug", folder]) == 0
    shown = capsys.readouterr().out
    assert "the training failed after 10 steps: padding, step 10: " in shown
    assert "kept 2 findings" in shown and "unread_tokens, step 0: " in shown
    assert "backward" in shown
    assert main(["debug", folder, "--tensor", "losses"]) == 0
    steps = [line.split()[0] for line in capsys.readouterr().out.splitlines() if line[:1].isdigit()]
    assert steps == ["5", "10"]
    # The rule is asked no more: from the beginning, as nothing was saved.
    fine_tune(**watched(args, DebugSettings(rules={"padding": {"action": "ignore"}})))
    assert facts(args)["steps"] == 20


@pytest.mark.parametrize("debug", [None, pytest.param(QUIET, marks=pytest.mark.slow)])
def test_reviews_that_are_not_read_to_their_ends_are_told_once(arguments, debug):
    args = arguments(
        training=dataclasses.replace(TRAINING, epochs=1), model=ModelSettings(max_tokens=16)
    )
    told = []
    with progress.notifying_to(told.append):
        fine_tune(**watched(args, debug))

    reading = facts(args)["reading"]
    assert 0.5 < reading["reviews_cut"] < 1
    assert 0.5 < reading["eval"]["reviews_cut"] < 1
    # That of a rule comes when the training begins.
    warning, of_vocabulary = told if debug is None else reversed(told)
    assert warning.startswith("unread_tokens, step 0: ") == (debug is not None)
    assert f"{reading['reviews_cut']:.0%} of the reviews are longer than the 16 tokens" in warning
    assert "model.truncation=head_tail" in warning
    # The tiny vocabulary has 300 words and single letters.
    assert reading["pieces_per_word"] > 1.4 and reading["unknown_pieces"] < 0.05
    assert f"cuts a word into {reading['pieces_per_word']:.1f} pieces" in of_vocabulary


def test_an_interrupted_run_goes_on_and_file_order_does_not_matter(arguments, split, reviews):
    whole, resumed = arguments("whole"), arguments("resumed")
    fine_tune(**whole)
    # Or the same training would be over at once.
    remove_replaced_checkpoint(whole["trained_model"])

    def stop(done, total, note):
        if done >= 30:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), progress.reporting_to(stop):
        fine_tune(**resumed)
    assert not os.path.exists(resumed["trained_model"])
    shuffled = split(reviews[:320], seed=1), split(reviews[320:480], seed=2)
    resumed = arguments("resumed", files=shuffled)
    seen = []
    with progress.reporting_to(lambda done, total, note: seen.append(done)):
        fine_tune(**resumed)
    assert min(seen) >= 30
    assert without_times(facts(resumed)) == without_times(facts(whole))
    for mine, theirs in zip(weights(resumed), weights(whole), strict=True):
        np.testing.assert_array_equal(mine, theirs)


@pytest.mark.parametrize("empty", [0, 1], ids=["train", "eval"])
def test_an_empty_split_is_named(arguments, split, reviews, empty):
    files = [split(reviews[:40]), split(reviews[40:60])]
    files[empty] = split([])
    with pytest.raises(RunError, match=f"the {['train', 'eval'][empty]} split is empty"):
        fine_tune(**arguments(files=files))


def test_an_impossible_setting_is_named(arguments):
    with pytest.raises(RunError, match="training.epochs: is 0; it is a whole number from 1"):
        fine_tune(**arguments(training=dataclasses.replace(TRAINING, epochs=0)))


@pytest.mark.parametrize(("given", "epochs", "passes"), [(1, 1, 1), (0, "auto", 10)])
def test_the_epochs_are_those_of_the_run_and_the_encoder_is_the_one_that_was_fetched(
    make_artifact, tiny_encoder, split, reviews, task, given, epochs, passes
):
    examples = make_artifact(standard_artifacts.Examples, split_names='["train", "eval"]')
    for name, texts in (("train", reviews[:160]), ("eval", reviews[160:240])):
        os.rename(os.path.dirname(split(texts)[0]), os.path.join(examples.uri, f"Split-{name}"))
    encoder = make_artifact(standard_artifacts.Model)
    os.symlink(tiny_encoder, os.path.join(encoder.uri, "Format-Serving"))
    Path(encoder.uri, FACTS_FILE).write_text('{"name": "tiny"}')
    inputs = {"examples": examples, "encoder": encoder}
    outputs = {
        "trained_model": make_artifact(TrainedModel),
        "model_run": make_artifact(standard_artifacts.ModelRun),
    }
    node = ReviewTrainer(
        examples=Channel(type=standard_artifacts.Examples),
        encoder=Channel(type=standard_artifacts.Model),
        model=ModelSettings(max_tokens=48),
        training=dataclasses.replace(TRAINING, epochs=5, batch_size=80, patience=10),
        epochs=given,
        task=task.name,
        task_config=task.config,
    )
    Executor().Do(
        {key: [artifact] for key, artifact in inputs.items()},
        {key: [artifact] for key, artifact in outputs.items()},
        node.exec_properties,
    )

    record = json.loads(Path(outputs["model_run"].uri, "training.json").read_text())
    assert record["epochs"] == passes
    assert list(Path(outputs["model_run"].uri).glob("*/train/*tfevents*"))
    trained = TrainedWeights.load(outputs["trained_model"].uri)
    assert (trained.encoder, trained.training.epochs) == ("tiny", epochs)
