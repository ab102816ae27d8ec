"""Fine-tuning a classifier: epochs, evaluation, the best epoch, resuming."""

from __future__ import annotations

import dataclasses
import gc
import hashlib
import json
import math
import time
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ...errors import RunError
from ...progress import notify, report
from ..settings import TrainingSettings
from ..tasks.text_classification.decision import Decision
from ..tasks.text_classification.metrics import classification_report
from .batching import pad_batch, shuffled_batches
from .checkpoint import CheckpointFile
from .optimization import LazyAdamW, LinearWarmupDecay, decayed_variables, layer_rates
from .scoring import Scorer
from .step import TrainStep, balanced_class_weights
from .tokenized import TokenizedReviews

# Steps between two looks at the loss.
REPORT_EVERY = 10
# Seconds between two checkpoints within an epoch.
SAVE_EVERY = 120.0
# How often an epoch, from the end of the first one on, adds its weights to the average.
SNAPSHOTS_PER_EPOCH = 4


@dataclasses.dataclass
class TrainingRecord:
    """What a training did.

    Attributes:
        history: For each epoch its `loss` and, on the eval split, `accuracy`, `macro_f1` and
            `ece` of the decision tuned after it.
        best_epoch: Number, from 1, of the epoch whose weights were kept.
        snapshots: How many snapshots of the weights the average is made of.
        steps: Optimizer steps taken.
        seconds: Spent in those steps.
        examples: Reviews trained on, each counted once per epoch.
        checkpoint: File from which the same training would be over at once, None without
            `checkpoints`; for `remove_checkpoint`, once what came of the training is safe.
    """

    history: list[dict] = dataclasses.field(default_factory=list)
    best_epoch: int = 0
    snapshots: int = 0
    steps: int = 0
    seconds: float = 0.0
    examples: int = 0
    checkpoint: str | None = None

    @property
    def examples_per_second(self) -> float:
        """Reviews trained on per second of training."""
        return self.examples / self.seconds if self.seconds else 0.0


def train(
    classifier: keras.Model,
    training: TokenizedReviews,
    evaluation: TokenizedReviews,
    settings: TrainingSettings,
    *,
    class_names: Sequence[str],
    decide_for: str = "macro_f1",
    checkpoints: str | None = None,
    fingerprint: str = "",
    tensorboard: str | None = None,
) -> TrainingRecord:
    """Fine-tunes `classifier` in place; afterwards it has the weights of its best epoch.

    From the end of the first epoch on, the weights are averaged over the path of the training,
    which often generalizes better and is less overconfident than where the path happens to
    end (Izmailov et al., "Averaging Weights Leads to Wider Optima and Better Generalization",
    UAI 2018). After each epoch the eval split is scored with the average, and macro-F1 of the
    tuned decision says whether it is the best so far. With `checkpoints` a training that was
    interrupted, by Ctrl-C, a crash or a power cut, goes on from where it last saved and
    ends with the weights it would have had. A training that is over keeps its best weights
    there, so that whatever stops the work that comes next, the same training takes no further
    step; see `remove_checkpoint`. A checkpoint that is damaged is set aside, and one that cannot
    be saved ends no training: either is told (`progress.notify`).

    Args:
        classifier: A `ReviewClassifier`, made under the precision policy it shall train in.
        training: Reviews to train on; their labels are grades of the classifier, which are
            its classes unless it was told of grades.
        evaluation: Reviews to choose the epoch by; their labels are classes.
        settings: How to train.
        class_names: Name of each class, in the order of its index.
        decide_for: What the decision is tuned for, `macro_f1` or `accuracy`.
        checkpoints: Directory for the checkpoint of the training, or None for none.
        fingerprint: Stands for whatever else the result depends on (encoder, code).
        tensorboard: Directory for TensorBoard logs, or None.

    Returns:
        What happened.

    Raises:
        RunError: If the loss is no longer a finite number.
        RunError: If a checkpoint is there but cannot be read.

    Example:
        >>> record = train(classifier, training, evaluation, TrainingSettings(epochs=2),
        ...                class_names=["negative", "neutral", "positive"])
        >>> len(record.history)
        2
    """
    run = _Run(classifier, training, evaluation, settings, list(class_names), decide_for)
    run.log_to(tensorboard)
    if checkpoints is not None:
        parts = [fingerprint, decide_for, repr(settings), training.digest(), evaluation.digest()]
        digest = hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]
        run.checkpoint = CheckpointFile(checkpoints, digest)
    record = run.go()
    # Its traced step refers to itself: moments and averages would stay until some later time.
    del run
    gc.collect()
    return record


class _Run:
    """The state of one training; everything that `save` writes and `resume` reads."""

    def __init__(self, classifier, training, evaluation, settings, class_names, decide_for):
        self.classifier = classifier
        self.training = training
        self.evaluation = evaluation
        self.settings = settings
        self.class_names = class_names
        self.decide_for = decide_for
        self.checkpoint: CheckpointFile | None = None
        self.logs: tf.summary.SummaryWriter = tf.summary.create_noop_writer()

        self.steps_per_epoch = len(self.batches(0))
        self.total_steps = self.steps_per_epoch * settings.epochs
        self.optimizer = LazyAdamW(
            LinearWarmupDecay(
                settings.learning_rate, round(settings.warmup * self.total_steps), self.total_steps
            ),
            weight_decay=settings.weight_decay,
            clip_norm=settings.clip_norm,
            rate_factors=layer_rates(classifier, settings.layer_decay),
            decayed=decayed_variables(classifier) if settings.weight_decay else None,
        )
        grades = np.array(classifier.grades)
        weights = np.ones(len(grades), np.float32)
        if settings.class_weight == "balanced":
            classes = grades[training.labels]
            weights = balanced_class_weights(classes, len(class_names))[grades]
        self.step = TrainStep(
            classifier,
            self.optimizer,
            weights,
            label_smoothing=settings.label_smoothing,
            micro_batch=settings.micro_batch,
        )
        self.score = Scorer(classifier)
        self.record = TrainingRecord()
        self.average: list[np.ndarray] = []
        self.best: list[np.ndarray] = []
        self.saved_at = time.monotonic()
        self.warned = False

    def log_to(self, tensorboard: str | None) -> None:
        if tensorboard is not None:
            self.logs = tf.summary.create_file_writer(tensorboard)

    def go(self) -> TrainingRecord:
        self.resume()
        try:
            while not self.finished():
                self.train_epoch(len(self.record.history))
                self.evaluate()
                self.save()
        except KeyboardInterrupt:
            self.save()
            raise
        self.load_weights(self.best)
        self.record.checkpoint = self.checkpoint.path if self.checkpoint else None
        return self.record

    @property
    def steps_done(self) -> int:
        return int(self.optimizer.iterations)

    def batches(self, epoch: int) -> list[np.ndarray]:
        random = np.random.default_rng([self.settings.seed, epoch])
        return shuffled_batches(self.training.lengths, self.settings.batch_size, random)

    def finished(self) -> bool:
        epochs = len(self.record.history)
        stale = epochs - self.record.best_epoch
        return epochs == self.settings.epochs or (epochs > 0 and stale >= self.settings.patience)

    def train_epoch(self, epoch: int) -> None:
        done = self.steps_done - epoch * self.steps_per_epoch
        started, already = time.monotonic(), self.record.seconds
        reviews = 0
        for number, rows in enumerate(self.batches(epoch)[done:], start=done + 1):
            inputs = pad_batch(self.training, rows, self.classifier.encoder.inputs)
            self.step(inputs, self.training.labels[rows])
            self.update_average()
            reviews += len(rows)
            self.record.seconds = already + time.monotonic() - started
            if number % REPORT_EVERY == 0 or number == self.steps_per_epoch:
                speed = reviews / (time.monotonic() - started)
                self.tell(epoch, self.mean_loss(number), speed)
            if time.monotonic() - self.saved_at > SAVE_EVERY:
                self.save()

    def weights(self) -> list[np.ndarray]:
        return [variable.numpy() for variable in self.classifier.trainable_variables]

    def load_weights(self, values: list[np.ndarray]) -> None:
        for variable, value in zip(self.classifier.trainable_variables, values, strict=True):
            variable.assign(value)

    def update_average(self) -> None:
        """Adds the weights to the average if that is due and was not done yet."""
        since_first_epoch = self.steps_done - self.steps_per_epoch
        every = max(self.steps_per_epoch // SNAPSHOTS_PER_EPOCH, 1)
        due = 1 + since_first_epoch // every if since_first_epoch >= 0 else 0
        if self.record.snapshots == due:
            return
        variables = self.classifier.trainable_variables
        before: Sequence[np.ndarray | None] = (
            self.average if self.average else [None] * len(variables)
        )
        # One variable at a time: a copy of all of them would be there for nothing.
        average = [
            variable.numpy() if old is None else old + (variable.numpy() - old) / due
            for old, variable in zip(before, variables, strict=True)
        ]
        self.average, self.record.snapshots = average, due

    def mean_loss(self, steps: int) -> float:
        loss = float(self.step.loss_sum) / steps
        if not math.isfinite(loss):
            raise RunError(
                f"training diverged: the loss was {loss} at step {self.steps_done}; "
                f"training.learning_rate is {self.settings.learning_rate}, try a lower one"
            )
        return loss

    def tell(self, epoch: int, loss: float, speed: float) -> None:
        steps = self.steps_done
        left = round((self.total_steps - steps) * self.settings.batch_size / speed)
        report(
            steps,
            self.total_steps,
            f"epoch {epoch + 1}/{self.settings.epochs}  loss {loss:.3f}  "
            f"{speed:.0f} reviews/s  {left // 60:02d}:{left % 60:02d} left",
        )
        with self.logs.as_default(step=steps):
            tf.summary.scalar("train/loss", loss)
            tf.summary.scalar("train/learning_rate", self.optimizer.learning_rate)
            tf.summary.scalar("train/reviews_per_second", speed)

    def evaluate(self) -> None:
        """Judges the epoch by the average of the weights."""
        own = self.weights()
        self.load_weights(self.average)
        try:
            figures = self.judge()
        finally:
            self.load_weights(own)
        best = max((epoch["macro_f1"] for epoch in self.record.history), default=-1.0)
        if figures["macro_f1"] > best:
            self.record.best_epoch = len(self.record.history) + 1
            self.best = self.average
        self.record.steps = self.steps_done
        self.record.examples = len(self.training) * (len(self.record.history) + 1)
        # The history comes last: an epoch that is not in it is evaluated again on resuming.
        self.record.history.append({"loss": self.mean_loss(self.steps_per_epoch), **figures})
        self.step.loss_sum.assign(0.0)
        with self.logs.as_default(step=self.steps_done):
            for name, value in figures.items():
                tf.summary.scalar(f"eval/{name}", value)

    def judge(self) -> dict:
        logits, labels = self.score(self.evaluation), self.evaluation.labels
        decision = Decision.fit(logits, labels, self.decide_for)
        figures = classification_report(
            decision.probabilities(logits), decision.classes(logits), labels, self.class_names
        )
        del figures["per_class"]
        return figures

    def state(self, average: Sequence, best: Sequence) -> dict[str, Any]:
        """What a checkpoint holds, by name: all that is still needed of the training."""
        state = {f"best/{i}": value for i, value in enumerate(best)}
        if self.finished():
            return state
        variables = [*self.classifier.variables, *self.optimizer.variables, self.step.loss_sum]
        state |= {f"state/{i}": variable for i, variable in enumerate(variables)}
        return state | {f"average/{i}": value for i, value in enumerate(average)}

    def save(self) -> None:
        self.saved_at = time.monotonic()
        if self.checkpoint is None:
            return
        record = dataclasses.asdict(self.record)
        try:
            self.checkpoint.save(self.state(self.average, self.best), record)
        except RunError as error:
            if not self.warned:
                notify(f"{error}; training goes on, but what is not saved is lost if it is stopped")
            self.warned = True

    def resume(self) -> None:
        if self.checkpoint is None:
            return
        loaded = self.checkpoint.load()
        if loaded is None:
            return
        arrays, record = loaded
        weights = self.classifier.trainable_variables
        try:
            self.record = TrainingRecord(**record)
            average = weights if self.record.snapshots else ()
            best = weights if self.record.best_epoch else ()
            expected = self.state(average, best)
            fits = _layout(arrays) == _layout(expected)
        except TypeError:
            fits = False
        if not fits:
            self.record = TrainingRecord()
            self.checkpoint.set_aside("is of another model or version")
            return
        for name, variable in expected.items():
            if name.startswith("state/"):
                variable.assign(arrays[name])
        self.best = [arrays[f"best/{i}"] for i in range(len(best))]
        if self.finished():
            return
        self.average = [arrays[f"average/{i}"] for i in range(len(average))]
        # The interrupt may have come between a step and its snapshot.
        self.update_average()


def _layout(arrays: Mapping[str, Any]) -> dict[str, tuple]:
    dtype = keras.backend.standardize_dtype
    return {name: (tuple(array.shape), dtype(array.dtype)) for name, array in arrays.items()}
