"""Callbacks of Keras are told of the loop as of `fit`, and what is frozen stays as it is."""

from __future__ import annotations

import dataclasses

import keras
import numpy as np
import pytest

from reviewlens.errors import RunError
from reviewlens.models.settings import ModelSettings, TrainingSettings
from reviewlens.models.tasks.text_classification.model import build_classifier
from reviewlens.models.tasks.text_classification.task import TextClassification
from reviewlens.models.training.callbacks import KerasCallback, load_callbacks
from reviewlens.models.training.loop import train

TASK = TextClassification(["without", "with the", "with it"])
SETTINGS = TrainingSettings(epochs=2, batch_size=80, learning_rate=2e-2, precision="float32")
# 400 reviews.
STEPS = 5


class Told(keras.callbacks.Callback):
    """Keeps what it is told; does something of its own where `at` says."""

    def __init__(self, at=None, act=None):
        super().__init__()
        self.heard, self.logs, self.slots = [], {}, []
        self._at, self._act = at, act

    def _hear(self, *hook, logs=None):
        self.heard.append(hook)
        self.logs[hook[0]] = dict(logs or {})
        if hook == self._at:
            self._act(self.model)

    def on_train_begin(self, logs=None):
        self.slots = [variable.path for variable in self.model.optimizer.variables]
        self._hear("train begins")

    def on_train_end(self, logs=None):
        self._hear("train ends")

    def on_epoch_begin(self, epoch, logs=None):
        self._hear("epoch begins", epoch)

    def on_epoch_end(self, epoch, logs=None):
        self._hear("epoch ends", epoch, logs=logs)

    def on_train_batch_begin(self, batch, logs=None):
        self._hear("batch begins", batch)

    def on_train_batch_end(self, batch, logs=None):
        self._hear("batch ends", batch, logs=logs)

    def on_test_begin(self, logs=None):
        self._hear("test begins")

    def on_test_end(self, logs=None):
        self._hear("test ends")


@pytest.fixture
def classifier(tiny_encoder):
    keras.utils.set_random_seed(7)
    return build_classifier(tiny_encoder, ModelSettings(max_tokens=48), 3, "float32")


def epoch_of(number):
    batches = [(f"batch {what}", n) for n in range(STEPS) for what in ("begins", "ends")]
    return [
        *[("epoch begins", number), *batches],
        *[("test begins",), ("test ends",), ("epoch ends", number)],
    ]


def test_a_callback_is_told_of_a_training_in_which_lower_layers_stay_as_they_are(
    classifier, splits
):
    encoder = classifier.encoder
    before = {variable.path: variable.numpy() for variable in classifier.trainable_variables}
    encoder.freeze(layers=1)
    learn = {variable.path for variable in classifier.trainable_variables}
    classifier.compile("sgd")
    optimizer = classifier.optimizer
    told = Told()

    record = train(
        classifier, *splits, SETTINGS, task=TASK, watchers=[KerasCallback("my:Told", told)]
    )

    assert classifier.optimizer is optimizer

    assert told.heard == [("train begins",), *epoch_of(0), *epoch_of(1), ("train ends",)]
    assert told.params == {"epochs": 2, "steps": STEPS, "verbose": 0}
    assert told.logs["epoch ends"]["loss"] == record.history[-1]["loss"]
    assert told.logs["epoch ends"]["val_macro_f1"] == record.history[-1]["macro_f1"]
    assert set(told.logs["batch ends"]) == {"loss"}
    moved = {
        variable.path
        for variable in classifier.variables
        if variable.path in before and not np.array_equal(variable.numpy(), before[variable.path])
    }
    assert moved <= learn and len(moved) > len(learn) // 2
    # Two for each that learns, and the number of steps.
    assert len(told.slots) == 2 * len(learn) + 1
    assert not any("word_embeddings" in path or "layer_0" in path for path in told.slots)


def test_a_callback_goes_on_with_an_interrupted_training_and_may_end_it(
    classifier, splits, tmp_path
):
    def interrupt(model):
        raise KeyboardInterrupt

    def stop(model):
        model.stop_training = True

    first, second = Told(("batch ends", 2), interrupt), Told(("batch ends", 4), stop)
    options = {"task": TASK, "checkpoints": str(tmp_path)}
    with pytest.raises(KeyboardInterrupt):
        train(classifier, *splits, SETTINGS, **options, watchers=[KerasCallback("my:A", first)])
    record = train(
        classifier, *splits, SETTINGS, **options, watchers=[KerasCallback("my:B", second)]
    )

    assert first.heard[-1] == ("train ends",)
    assert second.heard[:3] == [("train begins",), ("epoch begins", 0), ("batch begins", 3)]
    assert record.stopped_by == "my:B has set model.stop_training"
    assert record.steps == STEPS and len(record.history) == 1


def test_what_a_callback_raises_fails_the_training_by_its_name(classifier, splits):
    def fail(model):
        raise OSError("nobody answers")

    callback = KerasCallback("my:Chat", Told(("train begins",), fail))
    with pytest.raises(RunError, match="my:Chat failed in on_train_begin: OSError: nobody"):
        train(classifier, *splits, SETTINGS, task=TASK, watchers=[callback])


def test_callbacks_are_made_by_their_names(tmp_path, monkeypatch):
    (tmp_path / "callbacks_of_mine.py").write_text(
        "import keras\nclass Chat(keras.callbacks.Callback):\n    pass\nclass No:\n    pass\n"
    )
    monkeypatch.chdir(tmp_path)
    made = load_callbacks(["callbacks_of_mine:Chat", "keras.callbacks:TerminateOnNaN"])
    assert [callback.name for callback in made] == [
        "callbacks_of_mine:Chat",
        "keras.callbacks:TerminateOnNaN",
    ]
    for name, why in {
        "callbacks_of_mine:No": "is a No, no keras.callbacks.Callback",
        "callbacks_of_mine:Missing": "cannot be made: AttributeError",
        "callbacks_of_nobody:Chat": "cannot be made: ModuleNotFoundError",
        # It does not say where to.
        "keras.callbacks:CSVLogger": "called without arguments",
    }.items():
        with pytest.raises(RunError, match=why):
            load_callbacks([name])


@pytest.mark.parametrize("name", ["Chat", "mine.Chat", "mine:", ":Chat", "my file:Chat"])
def test_a_callback_that_is_not_named_right_is_told(name):
    settings = dataclasses.replace(SETTINGS, callbacks=[name])
    assert settings.callbacks == (name,)
    ((key, problem),) = settings.problems()
    assert key == "callbacks" and "MODULE:CLASS" in problem
