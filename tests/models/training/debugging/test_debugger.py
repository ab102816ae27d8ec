"""Faults that are planted in trainings of a tiny encoder, and what the rules say of them."""

from __future__ import annotations

import dataclasses
import threading

import keras
import numpy as np
import pytest
import tensorflow as tf

from reviewlens import progress
from reviewlens.errors import RunError
from reviewlens.models import Debugger, DebugSettings
from reviewlens.models.settings import ModelSettings, TrainingSettings
from reviewlens.models.tasks.text_classification.model import build_classifier
from reviewlens.models.tasks.text_classification.task import TextClassification
from reviewlens.models.training import loop as training_loop
from reviewlens.models.training.loop import train
from reviewlens.models.training.watching import Watcher

NAMES = ["without", "with the", "with it"]
TASK = TextClassification(NAMES)
SETTINGS = TrainingSettings(
    epochs=3, batch_size=16, learning_rate=5e-3, patience=4, precision="float32"
)


@pytest.fixture
def watch(tiny_encoder, splits):
    """Trains a classifier that something is done to; gives its record and what was told."""

    def run(
        fault=lambda model: None,
        texts=None,
        rules=None,
        heard=None,
        others=(),
        saved=None,
        **changes,
    ):
        settings = dataclasses.replace(SETTINGS, **changes)
        keras.utils.set_random_seed(settings.seed)
        model = build_classifier(
            tiny_encoder, ModelSettings(max_tokens=48), len(NAMES), settings.precision
        )
        fault(model)
        told, debugger = [], Debugger(DebugSettings(rules=rules or {}))
        with progress.notifying_to(heard or told.append):
            watchers = [debugger, *others]
            options = {"task": TASK, "watchers": watchers, "checkpoints": saved}
            record = train(model, *(texts or splits), settings, **options)
        return record, told

    return run


def rules_of(record):
    return {finding["rule"] for finding in record.watched["rules"]["findings"]}


def test_a_healthy_training_is_told_nothing_of(watch):
    record, told = watch(epochs=4)
    assert record.watched["rules"]["findings"] == told == []
    counts = record.watched["rules"]["rules"]
    assert counts["exploding_tensor"]["findings"] == 0 and counts["exploding_tensor"]["judged"] > 10
    assert counts["overfit"]["judged"] == 4
    assert "windows" in counts["loss_not_decreasing"]["skipped"]


@pytest.mark.slow
def test_a_learning_rate_of_one(watch):
    record, told = watch(learning_rate=1.0, epochs=1)
    assert "weight_update_ratio" in rules_of(record)
    assert any("a lower training.learning_rate" in line for line in told)


def test_a_weight_that_is_no_number_is_named_before_the_training_fails(watch):
    def plant(model):
        kernels = [one for one in model.encoder.trainable_variables if one.path.endswith("kernel")]
        kernel = next(one for one in kernels if "pooler" not in one.path)
        value = kernel.numpy()
        value.flat[7] = np.nan
        kernel.assign(value)

    told = []
    with pytest.raises(RunError, match="the loss was nan"):
        watch(plant, heard=told.append)
    assert told[0].startswith("exploding_tensor, step 0: the weights of ")
    assert told[0].count("kernel") == 1


@pytest.mark.slow
def test_shuffled_labels(watch, splits):
    random = np.random.default_rng(3)
    shuffled = [
        texts.with_targets({"grade": random.permutation(texts.targets["grade"])})
        for texts in splits
    ]
    record, _ = watch(texts=shuffled, epochs=3)
    assert "no_better_than_guessing" in rules_of(record)


@pytest.mark.slow
def test_an_encoder_that_is_frozen_by_mistake(watch):
    def freeze(model):
        model.encoder.trainable = False

    record, told = watch(freeze, epochs=1)
    assert rules_of(record) == {"frozen_encoder"}
    assert "encoder.trainable = True" in told[0]


@pytest.mark.slow
def test_a_head_that_is_dead(watch):
    def kill(model):
        head = next(one for one in model.trainable_variables if one.path == "head/kernel")
        head.assign(tf.zeros_like(head))
        model.layers[-1].trainable = False

    record, _ = watch(kill, epochs=1)
    assert "all_zero" in rules_of(record)


@pytest.mark.slow
def test_stops_with_the_best_epoch_or_fails_as_a_rule_is_set(watch):
    limits = {"gain": 0.99}
    record, told = watch(rules={"no_better_than_guessing": {**limits, "action": "stop"}})
    assert record.stopped_by.startswith("no_better_than_guessing: ")
    assert len(record.history) == 3 and record.best_epoch
    assert "the weights of epoch" in told[-1]
    with pytest.raises(RunError, match=r"debug\.rules\.no_better_than_guessing\.action is fail"):
        watch(rules={"no_better_than_guessing": {**limits, "action": "fail"}})


@pytest.mark.slow
def test_an_input_that_hangs_is_told_of_while_it_hangs(watch, monkeypatch):
    heard = threading.Event()
    pad, left = training_loop.pad_batch, [3]

    def hang(*arguments):
        left[0] -= 1
        if left[0] == 0:
            # It goes on once the rule has told of it.
            assert heard.wait(60)
        return pad(*arguments)

    def listen(line):
        if "stalled_training" in line:
            heard.set()

    monkeypatch.setattr(training_loop, "pad_batch", hang)
    record, told = watch(
        rules={"stalled_training": {"seconds": 0.2, "action": "stop"}}, epochs=1, heard=listen
    )
    assert heard.is_set() and record.stopped_by.startswith("stalled_training: ")


class Interruption(Watcher):
    """Ctrl-C after a step."""

    name = "interruption"

    def __init__(self, after):
        self._after = after

    def step(self, seen):
        if seen.number == self._after:
            raise KeyboardInterrupt


@pytest.mark.slow
def test_rules_find_the_same_whether_or_not_a_training_was_interrupted(watch, tmp_path):
    rules = {
        "gradient_norm": {"factor": 0.9, "start": 12, "patience": 4},
        "weight_update_ratio": {"large": 0.01},
        "loss_not_decreasing": {"percent": 30, "window": 10, "patience": 2},
        "no_better_than_guessing": {"gain": 0.99},
        "overfit": {"ratio": -0.9},
        "padding": {"share": 0.01, "steps_judged": 40},
        "slow_steps": {"action": "ignore"},
    }
    whole, _ = watch(rules=rules)
    # Between two looks of the rules, in the first epoch and in the second one.
    for step in (17, 38):
        with pytest.raises(KeyboardInterrupt):
            watch(rules=rules, others=[Interruption(step)], saved=str(tmp_path))
    resumed, _ = watch(rules=rules, saved=str(tmp_path))
    assert {"gradient_norm", "weight_update_ratio", "padding"} <= rules_of(whole)
    assert resumed.watched["rules"] == whole.watched["rules"]
