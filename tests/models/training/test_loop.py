from __future__ import annotations

import collections
import contextlib
import dataclasses
import os
import pathlib

import keras
import numpy as np
import pytest
import tensorflow as tf
from sklearn.utils.class_weight import compute_class_weight

from reviewlens import progress
from reviewlens.errors import RunError
from reviewlens.models.encoders.inputs import EncoderInputs
from reviewlens.models.settings import COLLECTIONS, ModelSettings, TrainingSettings
from reviewlens.models.tasks.base import Measured
from reviewlens.models.tasks.building import build_model
from reviewlens.models.tasks.text_classification.loss import GradeLoss
from reviewlens.models.tasks.text_classification.model import build_classifier
from reviewlens.models.tasks.text_classification.task import TextClassification
from reviewlens.models.tasks.weights import balanced_class_weights
from reviewlens.models.training import loop as training_module
from reviewlens.models.training.batching import pad_batch, pad_targets
from reviewlens.models.training.checkpoint import CheckpointFile, remove_checkpoint
from reviewlens.models.training.debugging.debugger import Debugger
from reviewlens.models.training.debugging.saving import SavedTensors
from reviewlens.models.training.loop import train
from reviewlens.models.training.optimization import LinearWarmupDecay
from reviewlens.models.training.profiling.profiler import Profiler
from reviewlens.models.training.profiling.rates import LearningRates
from reviewlens.models.training.profiling.trace import StepTrace
from reviewlens.models.training.step import TrainStep
from reviewlens.models.training.watching import (
    ELEMENTS,
    PHASES,
    SQUARES,
    StopTraining,
    Watcher,
)

NAMES = ["without", "with the", "with it"]
TASK = TextClassification(NAMES)
SETTINGS = TrainingSettings(
    epochs=2, batch_size=16, learning_rate=2e-2, precision="float32", patience=2
)
# Long enough for any tiny encoder, however its random weights fell out, to learn the words.
LONG = dataclasses.replace(SETTINGS, epochs=12, learning_rate=5e-3, patience=12)
# 400 reviews are 25 steps an epoch.
STEPS = 25


@pytest.fixture
def fit(shallow_encoder, tiny_encoder, splits):
    """Trains a fresh classifier; gives its record and its weights."""

    def run(settings=SETTINGS, native=True, **options):
        keras.utils.set_random_seed(settings.seed)
        model = ModelSettings(max_tokens=48, native=native)
        # Of the shallow one there is no SavedModel.
        encoder = shallow_encoder if native else tiny_encoder
        classifier = build_classifier(encoder, model, len(NAMES), settings.precision)
        record = train(classifier, *splits, settings, task=TASK, **options)
        return record, classifier.get_weights()

    return run


@pytest.fixture(scope="module")
def uninterrupted(shallow_encoder, splits):
    keras.utils.set_random_seed(SETTINGS.seed)
    model = ModelSettings(max_tokens=48)
    classifier = build_classifier(shallow_encoder, model, len(NAMES), "float32")
    record = train(classifier, *splits, SETTINGS, task=TASK)
    return record, classifier.get_weights()


def same_weights(one, other):
    return all((a == b).all() for a, b in zip(one, other, strict=True))


def interrupt_at(step, error=KeyboardInterrupt):
    def reporter(done, total, note):
        if done >= step:
            raise error

    return progress.reporting_to(reporter)


def test_records_what_it_did(uninterrupted):
    record, _ = uninterrupted
    assert record.history[-1]["loss"] < record.history[0]["loss"]
    figures = {"loss", "accuracy", "macro_f1", "ece", "log_loss"}
    assert set(record.history[0]) == figures | {f"recall/{name}" for name in NAMES}
    costs = [epoch["log_loss"] for epoch in record.history]
    assert record.best_epoch == 1 + costs.index(min(costs))
    assert record.steps == 2 * STEPS
    assert record.examples == 2 * 400
    assert record.examples_per_second == pytest.approx(record.examples / record.seconds)


def test_few_texts_are_read_more_often(fit):
    settings = dataclasses.replace(SETTINGS, epochs="auto", batch_size=200, patience=10)
    record, _ = fit(settings)
    assert (len(record.history), record.steps) == (10, 20)

    passes = [settings.passes(steps) for steps in (1, 28, 50, 67, 400, 10**6)]
    assert passes == [10, 7, 4, 3, 2, 2]


def test_the_peak_of_the_rate_follows_the_width_of_the_encoder(fit):
    settings = dataclasses.replace(SETTINGS, epochs=1, learning_rate="auto", warmup=0.0)
    record, _ = fit(settings, watchers=[LearningRates()])
    # That of the tests has fewer than 384 units.
    assert max(record.watched["learning_rates"]["rates"]) == pytest.approx(2e-4, rel=0.05)

    rates = [TrainingSettings().rate(width) for width in (64, 384, 768, 1024)]
    assert rates == pytest.approx([2e-4, 2e-4, 1e-4, 7.5e-5])
    assert TrainingSettings(learning_rate=1e-3).rate(768) == 1e-3


class Onlooker(Watcher):
    """Keeps what it is told; stops the training after a step, if it is told to."""

    name = "onlooker"

    def __init__(self, stop_at=None):
        self.stop_at = stop_at
        self.seen, self.phases, self.epochs, self.resumed, self.ended = [], [], [], None, 0

    def begin(self, watched):
        self.watched = watched

    def resume(self, told):
        self.resumed = dict(told)

    @contextlib.contextmanager
    def phase(self, name):
        yield
        self.phases.append(name)

    def step(self, seen):
        self.seen.append(dataclasses.replace(seen, statistics=seen.statistics.numpy()))
        if seen.number == self.stop_at:
            raise StopTraining("enough was seen")

    def epoch(self, number, figures):
        self.epochs.append((number, figures))

    def told(self):
        return {"steps": len(self.seen)}

    def end(self):
        self.ended += 1


class Finder(Watcher):
    """Finds something in each step whose number is odd."""

    name = "finder"

    def tell_findings(self, hear):
        self.hear = hear

    def step(self, seen):
        if seen.number % 2:
            self.hear("odd_step", seen.number, "an odd step")


class Clumsy(Watcher):
    name = "clumsy"

    def step(self, seen):
        raise ValueError("what a step")


def test_same_seed_same_weights_whoever_looks_on(uninterrupted, fit, splits, tmp_path):
    onlooker, told = Onlooker(), []
    saved = SavedTensors(str(tmp_path / "tensors.npz"), COLLECTIONS)
    trace = StepTrace(str(tmp_path), 3, 4)
    with progress.notifying_to(told.append):
        record, weights = fit(watchers=[Clumsy(), onlooker, saved, trace, Debugger()])
    assert record.history == uninterrupted[0].history
    assert same_weights(weights, uninterrupted[1])

    assert [seen.number for seen in onlooker.seen] == list(range(1, 2 * STEPS + 1))
    assert onlooker.epochs == list(enumerate(record.history, start=1))
    assert set(onlooker.phases) == set(PHASES) - {"checkpoint"}
    assert record.watched["onlooker"] == {"steps": 2 * STEPS} and onlooker.ended == 1
    assert record.watched["rules"]["rules"]["exploding_tensor"]["judged"] > 0
    assert "clumsy" in told[0] and "what a step" in told[0]
    assert "clumsy" not in record.watched and "what a step" not in "".join(told[1:])
    first = onlooker.seen[0]
    assert float(first.loss) > 0 and first.tokens == splits[0].lengths[first.rows].sum()
    by_name = dict(zip(onlooker.watched.variables, first.statistics, strict=True))
    # Three logits of as many classes; the table's gradient is of the rows that were used.
    (bias,) = (row for name, row in by_name.items() if name.endswith("head/bias"))
    assert bias[ELEMENTS] == len(NAMES)
    (table,) = (row for name, row in by_name.items() if "word_embeddings" in name)
    assert 0 < table[ELEMENTS] < onlooker.watched.model.encoder.word_embeddings.shape[0] * 1e3
    assert table[SQUARES] > 0

    with np.load(tmp_path / "tensors.npz") as arrays:
        kept = dict(arrays)
    assert kept["losses/steps"].tolist() == [10, 20, 30, 40, 50]
    seen = onlooker.seen[29]
    assert kept["losses/value"][2] == pytest.approx(float(seen.loss))
    squares, elements, _ = seen.statistics.T
    assert kept["gradients/rms"][2] == pytest.approx(np.sqrt(squares / np.maximum(elements, 1)))
    assert kept["names"].tolist() == list(onlooker.watched.variables)
    within = kept["weights/least"] <= kept["weights/mean"]
    assert within.all() and (kept["weights/mean"] <= kept["weights/greatest"]).all()
    assert list(tmp_path.glob("plugins/profile/*/*.xplane.pb"))


@pytest.mark.parametrize("stop_at", [10, STEPS + 10], ids=["first epoch", "second epoch"])
def test_a_training_that_is_stopped_keeps_what_it_has_and_is_over(fit, tmp_path, stop_at):
    told = []
    with progress.notifying_to(told.append):
        record, weights = fit(checkpoints=str(tmp_path), watchers=[Onlooker(stop_at)])
    assert record.stopped_by == "enough was seen" and record.best_epoch == 1
    assert len(record.history) == 1 and record.history[0]["loss"] < 2
    assert told == ["training stopped: enough was seen; the weights of epoch 1 are kept"]

    again = Onlooker()
    same, its = fit(checkpoints=str(tmp_path), watchers=[again])
    assert same == record and same_weights(its, weights)
    assert again.resumed == {"steps": stop_at} and not again.seen


def test_another_seed_other_weights(uninterrupted, fit):
    _, weights = fit(dataclasses.replace(SETTINGS, seed=8, epochs=1))
    assert not same_weights(weights, uninterrupted[1])


@pytest.mark.parametrize("step", [STEPS, STEPS + 10], ids=["at its end", "within"])
def test_an_interrupted_training_ends_as_if_it_had_not_been(uninterrupted, fit, tmp_path, step):
    with pytest.raises(KeyboardInterrupt), interrupt_at(step):
        fit(checkpoints=str(tmp_path))
    seen = []
    with progress.reporting_to(lambda done, total, note: seen.append(done)):
        record, weights = fit(checkpoints=str(tmp_path))
    assert min(seen) >= step
    assert record.history == uninterrupted[0].history
    assert record.best_epoch == uninterrupted[0].best_epoch
    assert same_weights(weights, uninterrupted[1])
    assert os.listdir(tmp_path) == [os.path.basename(record.checkpoint)]


def test_a_finished_training_takes_no_step_again(uninterrupted, fit, tmp_path, monkeypatch):
    first, _ = fit(checkpoints=str(tmp_path))
    size = os.path.getsize(first.checkpoint)
    for call in ("step.TrainStep", "scoring.Scorer"):
        monkeypatch.setattr(f"reviewlens.models.training.{call}.__call__", pytest.fail)

    record, weights = fit(checkpoints=str(tmp_path))

    assert record == first
    assert record.steps == 2 * STEPS and record.seconds > 0
    assert record.history == uninterrupted[0].history
    assert same_weights(weights, uninterrupted[1])
    # Nothing but the weights is left to be kept.
    assert size < 1.2 * sum(array.nbytes for array in weights) + 20_000
    assert os.path.getsize(record.checkpoint) == size


def test_a_removed_checkpoint_is_gone_and_nothing_else(fit, tmp_path):
    record, _ = fit(dataclasses.replace(SETTINGS, epochs=1), checkpoints=str(tmp_path))
    other = tmp_path / "thesis.txt"
    other.write_text("mine")
    for path in (record.checkpoint, record.checkpoint, str(other)):
        remove_checkpoint(path)
    assert os.listdir(tmp_path) == ["thesis.txt"]


def test_a_crash_goes_on_from_the_last_save(uninterrupted, fit, tmp_path, monkeypatch):
    monkeypatch.setattr(training_module, "SAVE_EVERY", 0.0)
    with pytest.raises(MemoryError), interrupt_at(STEPS + 10, MemoryError):
        fit(checkpoints=str(tmp_path))
    monkeypatch.undo()
    seen = []
    with progress.reporting_to(lambda done, total, note: seen.append(done)):
        record, weights = fit(checkpoints=str(tmp_path))
    # What was saved before the step whose report crashed it.
    assert min(seen) == STEPS + 9
    assert same_weights(weights, uninterrupted[1])


def test_a_checkpoint_holds_its_state_by_the_names_of_the_variables(fit, tmp_path):
    with pytest.raises(KeyboardInterrupt), interrupt_at(STEPS + 10):
        fit(checkpoints=str(tmp_path))
    (file,) = tmp_path.iterdir()
    checkpoint = CheckpointFile(str(tmp_path), file.stem.removeprefix("training-"))
    arrays, _ = checkpoint.load()
    for kind in ("state", "average", "best"):
        assert f"{kind}/encoder/word_embeddings" in arrays
    assert {"state/loss_sum", "state/random_0", "state/head/bias"} <= set(arrays)


def truncated(file):
    file.write_bytes(file.read_bytes()[:-5000])


def flipped(file):
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 0x10
    file.write_bytes(content)


def of_another_shape(file):
    checkpoint = CheckpointFile(str(file.parent), file.stem.removeprefix("training-"))
    arrays, record = checkpoint.load()
    name = next(name for name in reversed(arrays) if arrays[name].size > 1)
    checkpoint.save(arrays | {name: arrays[name][:-1]}, record)


def of_another_version(file):
    checkpoint = CheckpointFile(str(file.parent), file.stem.removeprefix("training-"))
    arrays, record = checkpoint.load()
    checkpoint.save(arrays, record | {"mood": "good"})


@pytest.mark.parametrize("damage", [truncated, flipped, of_another_shape, of_another_version])
def test_a_checkpoint_that_cannot_be_used_is_set_aside(uninterrupted, fit, tmp_path, damage):
    with pytest.raises(KeyboardInterrupt), interrupt_at(10):
        fit(checkpoints=str(tmp_path))
    (file,) = tmp_path.iterdir()
    damage(file)
    content, told = file.read_bytes(), []

    with progress.notifying_to(told.append):
        record, weights = fit(checkpoints=str(tmp_path))

    assert record.history == uninterrupted[0].history
    assert same_weights(weights, uninterrupted[1])
    aside = tmp_path / f"set-aside-1-{file.name}"
    assert aside.read_bytes() == content
    (line,) = told
    assert line.startswith(str(file)) and line.endswith(f"starts anew; the file is now {aside}")


def test_a_checkpoint_that_cannot_be_read_is_not_taken_for_damaged(fit, tmp_path):
    with pytest.raises(KeyboardInterrupt), interrupt_at(10):
        fit(checkpoints=str(tmp_path))
    (file,) = tmp_path.iterdir()
    file.rename(tmp_path / "elsewhere")
    file.mkdir()
    with pytest.raises(RunError, match=f"{file}: cannot be read: Is a directory; make it"):
        fit(checkpoints=str(tmp_path))


def test_a_checkpoint_that_cannot_be_saved_ends_no_training(
    uninterrupted, fit, tmp_path, monkeypatch
):
    monkeypatch.setattr(training_module, "SAVE_EVERY", 0.0)
    with pytest.raises(MemoryError), interrupt_at(10, MemoryError):
        fit(checkpoints=str(tmp_path))
    (file,) = tmp_path.iterdir()
    told = []

    # A disk that is full until the first attempt has failed.
    os.symlink("/dev/full", f"{file}.part")
    stopped = pytest.raises(MemoryError)
    with progress.notifying_to(told.append), stopped, interrupt_at(20, MemoryError):
        fit(checkpoints=str(tmp_path))
    assert [line.rpartition(": ")[0] for line in told] == [f"{file}: cannot be written"]
    assert "No space left on device; training goes on, but" in told[0]
    assert os.listdir(tmp_path) == [file.name]

    seen = []
    with progress.reporting_to(lambda done, total, note: seen.append(done)):
        record, weights = fit(checkpoints=str(tmp_path))
    assert min(seen) == 19
    assert record.history == uninterrupted[0].history
    assert same_weights(weights, uninterrupted[1])


def test_a_checkpoint_of_another_training_is_not_used(uninterrupted, fit, tmp_path):
    with pytest.raises(KeyboardInterrupt), interrupt_at(10):
        fit(dataclasses.replace(SETTINGS, learning_rate=1e-3), checkpoints=str(tmp_path))
    with pytest.raises(KeyboardInterrupt), interrupt_at(10):
        fit(checkpoints=str(tmp_path), fingerprint="another encoder")
    assert len(list(tmp_path.iterdir())) == 1
    _, weights = fit(checkpoints=str(tmp_path))
    assert same_weights(weights, uninterrupted[1])


def test_stops_early_and_keeps_the_best_epoch(fit, splits):
    settings = dataclasses.replace(SETTINGS, epochs=8, patience=1, learning_rate=1e-30)
    record, weights = fit(settings, watchers=[LearningRates()])
    # Of every other step, and of the last one.
    assert record.watched["learning_rates"]["steps"] == [*range(0, 2 * STEPS + 1, 2)]
    # Nothing is learned at that rate, so the second epoch is no better than the first.
    assert len(record.history) == 2
    assert record.best_epoch == 1


@pytest.mark.parametrize(
    ("losses", "best"),
    [
        # Surely worse: each text costs more.
        ([[0.5, 0.6, 0.7], [0.6, 0.7, 0.8], [0.6, 0.7, 0.9]], 1),
        # By luck: of three texts one costs more, and one less.
        ([[0.5, 0.6, 0.7], [0.9, 0.3, 0.7], [0.6, 0.7, 0.8]], 2),
        ([[0.9, 0.3, 0.7], [0.9, 0.2, 0.8], [0.5, 0.6, 0.7]], 3),
    ],
)
def test_luck_does_not_pick_the_epoch(fit, monkeypatch, losses, best):
    measured = [Measured({"log_loss": np.mean(of)}, np.array(of)) for of in losses]
    monkeypatch.setattr(training_module.Trainer, "measure", lambda of: measured.pop(0))
    record, _ = fit(dataclasses.replace(SETTINGS, epochs=3))
    assert len(record.history) == 3 and record.best_epoch == best


@pytest.mark.parametrize(
    ("figures", "best"),
    [
        # One text more is named right in the second epoch, but less is known of all of them.
        ([{"macro_f1": 0.70, "log_loss": 0.50}, {"macro_f1": 0.72, "log_loss": 0.55}], 1),
        ([{"macro_f1": 0.72, "log_loss": 0.55}, {"macro_f1": 0.70, "log_loss": 0.50}], 2),
        # A task without probabilities has its metric alone.
        ([{"macro_f1": 0.70}, {"macro_f1": 0.72}], 2),
    ],
)
def test_the_log_loss_picks_the_epoch(fit, monkeypatch, figures, best):
    measured = map(Measured, figures)
    monkeypatch.setattr(training_module.Trainer, "measure", lambda trainer: next(measured))
    assert fit()[0].best_epoch == best


@pytest.mark.parametrize(
    ("third", "best"),
    [
        # Worse than the second one only by luck, but surely worse than the first.
        ([0.6, 0.6, 0.7], 2),
        ([0.4, 0.5, 0.75], 3),
    ],
)
def test_a_training_that_goes_on_compares_with_the_same_epoch(
    fit, monkeypatch, tmp_path, third, best
):
    losses = ([0.5, 0.5, 0.5], [0.4, 0.5, 0.8], third)
    measured = [Measured({"log_loss": np.mean(of)}, np.array(of)) for of in losses]
    monkeypatch.setattr(training_module.Trainer, "measure", lambda of: measured.pop(0))
    settings = dataclasses.replace(SETTINGS, epochs=3)
    with pytest.raises(KeyboardInterrupt), interrupt_at(2 * STEPS + 10):
        fit(settings, checkpoints=str(tmp_path))
    assert fit(settings, checkpoints=str(tmp_path))[0].best_epoch == best


def test_divergence_says_what_to_change(fit):
    with pytest.raises(RunError, match="training.learning_rate is 1e\\+30, try a lower one"):
        fit(dataclasses.replace(SETTINGS, learning_rate=1e30, warmup=0.0))


@pytest.mark.parametrize(
    "settings, native",
    [
        (LONG, True),
        (dataclasses.replace(LONG, precision="bfloat16"), True),
        (dataclasses.replace(LONG, class_weight="balanced", label_smoothing=0.1), True),
        (LONG, False),
    ],
    ids=["float32", "bfloat16", "balanced and smoothed", "saved model"],
)
def test_every_way_of_training_learns(fit, settings, native):
    record, _ = fit(settings, native=native)
    assert max(epoch["macro_f1"] for epoch in record.history) > 0.6


@pytest.mark.parametrize("micro_batch", [1, 5, 16])
def test_a_step_by_parts_is_the_step_of_the_whole_batch(shallow_encoder, splits, micro_batch):
    weights = {}
    # The second batch is the shorter one, which an epoch may end with.
    batches = np.arange(16), np.arange(16, 28)
    for size in (None, micro_batch):
        keras.utils.set_random_seed(1)
        model = ModelSettings(max_tokens=48, dropout=0.0, pooling="first")
        classifier = build_classifier(shallow_encoder, model, len(NAMES), "float32")
        # Not Adam, which makes as much of the noise in a gradient as of a gradient.
        optimizer = keras.optimizers.SGD(1.0)
        loss = GradeLoss([1.0, 2.0, 0.5])
        step = TrainStep(TASK, classifier, optimizer, loss, micro_batch=size)
        for rows in batches:
            inputs = pad_batch(splits[0], rows, EncoderInputs())
            width = inputs["input_word_ids"].shape[1]
            step(inputs, pad_targets(splits[0], rows, width, TASK.targets))
        weights[size] = [*classifier.get_weights(), step.loss_sum.numpy()]
    for whole, parts in zip(weights[None], weights[micro_batch], strict=True):
        np.testing.assert_allclose(parts, whole, rtol=1e-4, atol=1e-5)


def test_a_training_by_parts_is_the_same_again(fit):
    settings = dataclasses.replace(SETTINGS, epochs=1, micro_batch=6)
    (record, weights), (_, again) = (fit(settings) for _ in range(2))
    assert record.steps == STEPS
    assert same_weights(weights, again)


@pytest.mark.parametrize("micro_batch", [0, 33])
def test_a_part_is_no_more_than_the_batch(micro_batch):
    ((key, problem),) = TrainingSettings(micro_batch=micro_batch).problems()
    assert key == "micro_batch"
    assert problem.startswith(f"is {micro_batch}; it is a whole number from 1 to")


@pytest.mark.parametrize("class_weight", ["none", "balanced"])
def test_learns_grades_and_is_judged_by_classes(shallow_encoder, splits, class_weight):
    training, evaluation = splits
    # Of class 1 there are two grades, by the length of the review.
    classes = training.targets["grade"]
    grades = classes + (classes == 2)
    grades += (classes == 1) & (training.lengths > np.median(training.lengths))
    graded = dataclasses.replace(training, targets={"grade": grades})
    # None of the eval split is of the second grade, whose class is the first one's.
    others = evaluation.targets["grade"]
    judged = dataclasses.replace(evaluation, targets={"grade": others + (others == 2)})
    settings = dataclasses.replace(LONG, class_weight=class_weight)
    keras.utils.set_random_seed(settings.seed)
    task = TextClassification(NAMES, (0, 1, 1, 2))
    classifier = build_model(task, shallow_encoder, ModelSettings(max_tokens=48), "float32")

    record = train(classifier, graded, judged, settings, task=task)

    assert max(epoch["macro_f1"] for epoch in record.history) > 0.6
    inputs = pad_batch(training, np.arange(len(training)), EncoderInputs())
    hits = classifier.grade_logits(inputs).numpy().argmax(axis=1) == grades
    assert hits[classes == 1].mean() > 0.6


def test_progress(fit):
    seen = []
    with progress.reporting_to(lambda *report: seen.append(report)):
        fit(dataclasses.replace(SETTINGS, epochs=1))
    first, *steps, last = seen
    assert first == (0, STEPS, "epoch 1/1  compiling the step")
    assert [(done, total) for done, total, _ in steps] == [(10, STEPS), (20, STEPS), (25, STEPS)]
    for word in ("epoch 1/1", "loss ", "reviews/s", "00:00 left"):
        assert word in steps[-1][2]
    assert last == (25, STEPS, "epoch 1/1  evaluating")


def curves(folder):
    """Of the files of a folder, in the order in which TensorBoard reads them, steps by tag."""
    steps = collections.defaultdict(list)
    for file in sorted(folder.glob("*tfevents*")):
        for record in tf.data.TFRecordDataset(str(file)):
            event = tf.compat.v1.Event.FromString(record.numpy())
            for value in event.summary.value:
                steps[value.tag].append(event.step)
    return dict(steps)


def test_curves_and_profile_of_a_training_that_was_interrupted_go_on(fit, uninterrupted, tmp_path):
    options = {"checkpoints": str(tmp_path / "c"), "tensorboard": str(tmp_path / "t")}
    # Nothing is saved after the first epoch, as if by `kill -9`.
    with interrupt_at(STEPS + 20, OSError), pytest.raises(OSError):
        fit(**options, watchers=[Profiler(), LearningRates()])
    (folder,) = (tmp_path / "t").iterdir()
    assert curves(folder / "train")["loss"] == [10, 20, 25, 35, 45]
    record, weights = fit(**options, watchers=[Profiler(), LearningRates()])
    assert same_weights(weights, uninterrupted[1])
    schedule = LinearWarmupDecay(2e-2, round(SETTINGS.warmup * 2 * STEPS), 2 * STEPS)
    steps = list(range(2 * STEPS + 1))
    rates = record.watched["learning_rates"]
    assert rates["steps"] == steps
    assert rates["rates"] == pytest.approx([float(schedule(step)) for step in steps], rel=1e-5)

    assert list((tmp_path / "t").iterdir()) == [folder]
    assert record.watched["tensorboard"] == {"folder": str(folder)}
    points = [10, 20, 25, 35, 45, 50]
    assert curves(folder / "train") == dict.fromkeys(
        ["loss", "learning_rate", "reviews_per_second"], points
    )
    assert curves(folder / "eval") == dict.fromkeys(
        ["loss", "accuracy", "macro_f1", "ece", *(f"recall/{name}" for name in NAMES)],
        [STEPS, 2 * STEPS],
    )
    assert {"_hparams_/session_start_info", "_hparams_/session_end_info"} <= set(curves(folder))

    profile = record.watched["profile"]
    seconds = profile["seconds"]
    assert set(seconds) == {
        *("input", "compile", "forward", "backward", "optimizer"),
        *("average", "evaluation", "other", "all"),
    }
    assert min(seconds.values()) >= 0
    assert sum(seconds.values()) == pytest.approx(2 * seconds["all"], rel=1e-3)
    # Both epochs, and nothing of what was lost; of each width the first step is apart.
    widths = profile["widths"]
    assert STEPS < sum(one["steps"] for one in widths) < 2 * STEPS
    assert all(one["tokens"] <= one["width"] * 16 * one["steps"] for one in widths)
    assert profile["outliers"]["steps"] >= len(profile["outliers"]["longest"])
    samples = profile["samples"]
    # Two a second, and a fast machine is done in two.
    assert len(samples["seconds"]) == len(samples["memory"]) >= 2
    assert samples["seconds"] == sorted(samples["seconds"]) and min(samples["memory"]) > 100


def test_with_micro_batches_a_step_is_not_divided(fit):
    settings = dataclasses.replace(SETTINGS, epochs=1, micro_batch=4)
    record, _ = fit(settings, watchers=[Profiler()])
    seconds = record.watched["profile"]["seconds"]
    assert seconds["step"] > 0 and "forward" not in seconds


def test_every_training_has_curves_of_its_own(fit, tmp_path):
    short = dataclasses.replace(SETTINGS, epochs=1)
    options = {"tensorboard": str(tmp_path), "watchers": [Finder()]}
    folders = [fit(short, **options)[0].watched["tensorboard"]["folder"] for _ in range(2)]
    assert all(curves(pathlib.Path(folder) / "train")["rules/odd_step"] for folder in folders)
    assert sorted(folders) == sorted(str(path) for path in tmp_path.iterdir())
    assert len(set(folders)) == 2


def test_balanced_weights_are_scikit_learns():
    labels = np.array([0, 1, 1, 2, 2, 2, 2])
    expected = compute_class_weight("balanced", classes=np.arange(3), y=labels)
    np.testing.assert_allclose(balanced_class_weights(labels, 3), expected, rtol=1e-6)
