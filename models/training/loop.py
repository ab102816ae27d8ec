"""Fine-tuning a model for a task: epochs, evaluation, the best epoch, resuming."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import itertools
import json
import math
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import keras
import numpy as np

from ...errors import RunError
from ...progress import notify, report
from ..memory import forgetting_gradients, give_back_memory
from ..settings import PretrainingSettings, TrainingSettings
from ..tasks.base import Measured, Objective, Task
from .batching import pad_batch, pad_targets, shuffled_batches
from .checkpoint import CheckpointFile
from .choice import EpochChoice
from .objective import objective_of
from .optimization import Lamb, LazyAdamW, LinearWarmupDecay, decayed_variables, layer_rates
from .profiling.tensorboard import TensorBoardLogs
from .scoring import Scorer
from .step import TrainStep
from .tokenized import TokenizedTexts
from .watching import StepSeen, StopTraining, Watched, Watcher, Watchers

# Steps between two looks at the loss.
REPORT_EVERY = 10
# Seconds between two checkpoints within an epoch.
SAVE_EVERY = 120.0
# How often an epoch, from the end of the first one on, adds its weights to the average.
SNAPSHOTS_PER_EPOCH = 4
OPTIMIZERS = {"adamw": LazyAdamW, "lamb": Lamb}
# Beside the record in a checkpoint: the state of those who look on.
_WATCHERS = "watchers"
# Beside the weights: what the texts cost in the epoch that others are compared with.
_LOSSES = "choice/losses"


@dataclasses.dataclass
class TrainingRecord:
    """What a training did.

    Attributes:
        history: For each epoch its `loss` and, on the eval split, the task's figures of the
            decision fitted after it, such as `accuracy` and `macro_f1`.
        best_epoch: Number, from 1, of the epoch whose weights were kept.
        snapshots: How many snapshots of the weights the average is made of.
        steps: Optimizer steps taken.
        seconds: Spent in those steps.
        examples: Texts trained on, each counted once per epoch.
        tokens: Tokens of these texts.
        stopped_by: Why it ended before its time, None if it did not.
        watched: What those who looked on have to tell, by their names.
        checkpoint: File from which the same training would be over at once, None without
            `checkpoints`; for `remove_checkpoint`, once what came of the training is safe.
    """

    history: list[dict] = dataclasses.field(default_factory=list)
    best_epoch: int = 0
    snapshots: int = 0
    steps: int = 0
    seconds: float = 0.0
    examples: int = 0
    tokens: int = 0
    stopped_by: str | None = None
    watched: dict[str, dict[str, Any]] = dataclasses.field(default_factory=dict)
    checkpoint: str | None = None

    @property
    def examples_per_second(self) -> float:
        """Texts trained on per second of training."""
        return self.examples / self.seconds if self.seconds else 0.0

    @property
    def tokens_per_second(self) -> float:
        """Tokens trained on per second of training, padding not counted."""
        return self.tokens / self.seconds if self.seconds else 0.0


class TrainingFailed(RunError):
    """A training has failed.

    Attributes:
        record: What it did until then, and what those who looked on have to tell of it.
    """

    def __init__(self, message: str, record: TrainingRecord | None = None):
        super().__init__(message)
        self.record = record or TrainingRecord()


def train(
    model: keras.Model,
    training: TokenizedTexts,
    evaluation: TokenizedTexts,
    settings: TrainingSettings | PretrainingSettings,
    *,
    task: Task | Objective,
    checkpoints: str | None = None,
    fingerprint: str = "",
    tensorboard: str | None = None,
    watchers: Sequence[Watcher] = (),
) -> TrainingRecord:
    """Fine-tunes `model` in place; afterwards it has the weights of its best epoch.

    From the end of the first epoch on, the weights are averaged over the path of the training,
    which often generalizes better and is less overconfident than where the path happens to
    end (Izmailov et al., "Averaging Weights Leads to Wider Optima and Better Generalization",
    UAI 2018). After each epoch the eval split is scored with the average, and the log loss of
    the probabilities, calibrated anew each time, says whether it is the one to keep, see
    `EpochChoice`: it hangs on no single text, as the metric of a small split does, which stands in
    for it where a task has no log loss. With `checkpoints` a training that was interrupted, by
    Ctrl-C, a crash or a power cut, goes on from where it last saved and ends with the weights it
    would have had. A training that is over keeps its best weights there, so that whatever stops the
    work that comes next, the same training takes no further step; see `remove_checkpoint`. A
    checkpoint that is damaged is set aside, and one that cannot be saved ends no training: either
    is told (`progress.notify`).

    Args:
        model: What `task.build` gave, under the precision policy it shall train in.
        training: Texts to train on, with the task's targets.
        evaluation: Texts to choose the epoch by, likewise.
        settings: How to train.
        task: What is learnt, such as `TextClassification`.
        checkpoints: Directory for the checkpoint of the training, or None for none.
        fingerprint: Stands for whatever else the result depends on (encoder, code).
        tensorboard: Directory in which the training has a folder for TensorBoard, see
            `TensorBoardLogs`, or None.
        watchers: Who is told what happens, and may stop it.

    Returns:
        What happened.

    Raises:
        TrainingFailed: If the loss is no longer a finite number, or a watcher has it fail.
        RunError: If a checkpoint is there but cannot be read.

    Example:
        >>> task = TextClassification(("negative", "neutral", "positive"))
        >>> record = train(classifier, training, evaluation, TrainingSettings(epochs=2), task=task)
        >>> len(record.history)
        2
    """
    if tensorboard is not None:
        logs = TensorBoardLogs(tensorboard, {**vars(settings), "task": task.name})
        for watcher in watchers:
            watcher.tell_findings(logs.finding)
        watchers = [logs, *watchers]
    trainer = Trainer(task, model, training, evaluation, settings, watchers)
    if checkpoints is not None:
        known = [task.name, task.config(), repr(settings), training.digest(), evaluation.digest()]
        digest = hashlib.sha256(json.dumps([fingerprint, *known]).encode()).hexdigest()[:16]
        trainer.checkpoint = CheckpointFile(checkpoints, digest)
    with forgetting_gradients():
        record = trainer.fit()
    # Its moments, averages and activations are not for what comes next.
    del trainer
    give_back_memory()
    return record


class Trainer:
    """The state of one training; everything that `save` writes and `resume` reads.

    It knows of the task no more than the protocol says; see `train` for what it does.

    Args:
        task: What is learnt.
        model: What `task.build` gave.
        training: Texts to train on.
        evaluation: Texts to choose the epoch by.
        settings: How to train.
        watchers: Who is told what happens.
    """

    def __init__(
        self,
        task: Task | Objective,
        model: keras.Model,
        training: TokenizedTexts,
        evaluation: TokenizedTexts,
        settings: TrainingSettings | PretrainingSettings,
        watchers: Sequence[Watcher] = (),
    ):
        self.watchers = Watchers(watchers)
        self.task = task
        self.objective = objective_of(task)
        self.model = model
        self.training = training
        self.evaluation = evaluation
        self.settings = settings
        self.checkpoint: CheckpointFile | None = None

        self.steps_per_epoch = len(self.batches(0))
        self.epochs = settings.passes(self.steps_per_epoch)
        self.total_steps = self.steps_per_epoch * self.epochs
        self.rate = settings.rate(model.encoder.hidden_size)
        self.optimizer = OPTIMIZERS[settings.optimizer](
            LinearWarmupDecay(
                self.rate, round(settings.warmup * self.total_steps), self.total_steps
            ),
            weight_decay=settings.weight_decay,
            clip_norm=settings.clip_norm,
            rate_factors=layer_rates(model, settings.layer_decay, settings.head_rate),
            decayed=decayed_variables(model) if settings.weight_decay else None,
        )
        self.step = TrainStep(
            task,
            model,
            self.optimizer,
            task.loss(training, settings),
            micro_batch=settings.micro_batch,
            seed=settings.seed,
        )
        self.head_steps = round(settings.head_warmup * self.total_steps)
        self.score = Scorer(self.objective.scored(model), per_token=task.per_token)
        self.record = TrainingRecord()
        # Of those who look on, when the training was saved that is gone on with.
        self.kept: dict[str, dict[str, Any]] = {}
        self.average: dict[str, np.ndarray] = {}
        self.best: dict[str, np.ndarray] = {}
        self.choice = EpochChoice()
        self.saved_at = time.monotonic()
        self.warned = False
        self.compiled = False

    def fit(self) -> TrainingRecord:
        """Trains, from where a checkpoint says; leaves the model with its best weights."""
        self.resume()
        try:
            self.train_epochs()
        except RunError as error:
            self.record.steps = self.steps_done
            self.record.watched |= self.watchers.told()
            raise TrainingFailed(str(error), self.record) from error
        self.load_weights(self.best)
        self.record.checkpoint = self.checkpoint.path if self.checkpoint else None
        return self.record

    def train_epochs(self) -> None:
        """Trains until it is over, with those who look on."""
        try:
            self.watchers.begin(self.watched(), self.record.watched, self.kept)
            while not self.finished():
                self.train_epoch(len(self.record.history))
                self.evaluate()
                self.save()
        except StopTraining as stopped:
            self.stop(str(stopped))
        except KeyboardInterrupt:
            self.save()
            raise
        finally:
            self.watchers.end()

    @property
    def steps_done(self) -> int:
        return int(self.optimizer.iterations)

    def watched(self) -> Watched:
        """What those who look on are told first."""
        return Watched(
            model=self.model,
            optimizer=self.optimizer,
            task=self.task,
            variables=tuple(variable.path for variable in self.model.trainable_variables),
            training=self.training,
            evaluation=self.evaluation,
            steps_per_epoch=self.steps_per_epoch,
            total_steps=self.total_steps,
            steps_done=self.steps_done,
            unit=self.objective.unit,
            head_steps=self.head_steps,
        )

    def stop(self, why: str) -> None:
        """Ends before its time; whatever was learnt until now counts if there is no epoch yet."""
        if not self.steps_done:
            raise RunError(f"{why}; nothing was learnt yet, so there are no weights to keep")
        if not self.record.history:
            with contextlib.suppress(StopTraining):
                self.evaluate()
        self.record.stopped_by = why
        notify(f"training stopped: {why}; the weights of epoch {self.record.best_epoch} are kept")
        self.save()

    def batches(self, epoch: int) -> list[np.ndarray]:
        random = np.random.default_rng([self.settings.seed, epoch])
        return shuffled_batches(self.training.lengths, self.settings.batch_size, random)

    def tokens_of(self, rows: np.ndarray) -> int:
        # Not by the lengths of all texts, of which there may be millions.
        ends, starts = (self.training.row_splits[places] for places in (rows + 1, rows))
        return int((ends - starts).sum())

    def finished(self) -> bool:
        epochs = len(self.record.history)
        stale = epochs - self.record.best_epoch
        if self.record.stopped_by is not None:
            return True
        return epochs == self.epochs or (epochs > 0 and stale >= self.settings.patience)

    def train_epoch(self, epoch: int) -> None:
        done = self.steps_done - epoch * self.steps_per_epoch
        started, already = time.monotonic(), self.record.seconds
        unit, finished = self.objective.unit, 0
        if not self.compiled:
            self.tell(epoch, "compiling the step")
        for number, rows in enumerate(self.batches(epoch)[done:], start=done + 1):
            with self.watchers.phase("input"):
                inputs = pad_batch(self.training, rows, self.model.encoder.inputs)
                width = next(iter(inputs.values())).shape[1]
                targets = pad_targets(self.training, rows, width, self.task.targets)
            with self.watchers.phase("step"):
                began = time.perf_counter()
                loss, statistics, clock = self.step(
                    inputs, targets, head_only=self.steps_done < self.head_steps
                )
                took = time.perf_counter() - began
            self.compiled = True
            with self.watchers.phase("average"):
                self.update_average()
            tokens = self.tokens_of(rows)
            finished += tokens if unit == "tokens" else len(rows)
            self.record.seconds = already + time.monotonic() - started
            # Before a loss that is no number ends it: rules can say where that came from.
            self.watchers.step(
                StepSeen(
                    number=self.steps_done,
                    epoch=epoch + 1,
                    rows=rows,
                    width=width,
                    tokens=tokens,
                    seconds=took,
                    loss=loss,
                    statistics=statistics,
                    clock=clock,
                )
            )
            if number % REPORT_EVERY == 0 or number == self.steps_per_epoch:
                seconds = time.monotonic() - started
                left = seconds / (number - done) * (self.total_steps - self.steps_done)
                self.report(epoch, self.mean_loss(number), finished / seconds, round(left))
            if time.monotonic() - self.saved_at > SAVE_EVERY:
                self.save()

    def variables(self) -> dict[str, keras.Variable]:
        return by_name(self.model.trainable_variables)

    def weights(self) -> dict[str, np.ndarray]:
        return {name: variable.numpy() for name, variable in self.variables().items()}

    def load_weights(self, values: Mapping[str, np.ndarray]) -> None:
        for name, variable in self.variables().items():
            variable.assign(values[name])

    def update_average(self) -> None:
        """Adds the weights to the average if that is due and was not done yet."""
        if not self.settings.average:
            return
        since_first_epoch = self.steps_done - self.steps_per_epoch
        every = max(self.steps_per_epoch // SNAPSHOTS_PER_EPOCH, 1)
        due = 1 + since_first_epoch // every if since_first_epoch >= 0 else 0
        if self.record.snapshots == due:
            return
        # One variable at a time: a copy of all of them would be there for nothing.
        average = {
            name: self.average[name] + (variable.numpy() - self.average[name]) / due
            if self.average
            else variable.numpy()
            for name, variable in self.variables().items()
        }
        self.average, self.record.snapshots = average, due

    def mean_loss(self, steps: int) -> float:
        loss = float(self.step.loss_sum) / steps
        if not math.isfinite(loss):
            raise RunError(
                f"training diverged: the loss was {loss} at step {self.steps_done}; "
                f"training.learning_rate is {self.rate:g}, try a lower one"
            )
        return loss

    def report(self, epoch: int, loss: float, speed: float, left: int) -> None:
        clock = f"{left // 60:02d}:{left % 60:02d} left"
        self.tell(epoch, f"loss {loss:.3f}  {clock}  {speed:.0f} {self.objective.unit}/s")

    def tell(self, epoch: int, what: str) -> None:
        """Reports what is done in an epoch, the most important first."""
        note = f"epoch {epoch + 1}/{self.epochs}  {what}"
        report(self.steps_done, self.total_steps, note)

    def evaluate(self) -> None:
        """Measures the epoch by the average of the weights, or by those it ended with."""
        self.tell(len(self.record.history), "evaluating")
        own = self.weights()
        # There is none yet in an epoch that was stopped.
        kept = self.average or own
        self.load_weights(kept)
        try:
            with self.watchers.phase("evaluation"):
                measured = self.measure()
        finally:
            self.load_weights(own)
        if self.choice.keeps(self.worth(measured.figures), measured.losses):
            self.record.best_epoch = len(self.record.history) + 1
            self.best = kept
        self.record.steps = self.steps_done
        epochs = len(self.record.history) + 1
        share = self.steps_done / self.steps_per_epoch
        self.record.examples = round(len(self.training) * share)
        self.record.tokens = round(int(self.training.row_splits[-1]) * share)
        # The history comes last: an epoch that is not in it is evaluated again on resuming.
        done = self.steps_done - len(self.record.history) * self.steps_per_epoch
        self.record.history.append({"loss": self.mean_loss(done), **measured.figures})
        self.step.loss_sum.assign(0.0)
        self.watchers.epoch(epochs, self.record.history[-1])

    def worth(self, figures: Mapping[str, float]) -> float:
        """What makes an epoch better than another."""
        return -figures["log_loss"] if "log_loss" in figures else figures[self.task.metric]

    def measure(self) -> Measured:
        return self.objective.measure(self.score(self.evaluation), self.evaluation)

    def state(self, average: Mapping[str, Any], best: Mapping[str, Any]) -> dict[str, Any]:
        """What a checkpoint holds, by name: all that is still needed of the training."""
        state = {f"best/{name}": value for name, value in best.items()}
        if self.finished():
            return state
        variables = by_name([*self.model.variables, *self.optimizer.variables])
        state |= {f"state/{name}": variable for name, variable in variables.items()}
        state["state/loss_sum"] = self.step.loss_sum
        if self.choice.losses is not None:
            state[_LOSSES] = self.choice.losses
        return state | {f"average/{name}": value for name, value in average.items()}

    def save(self) -> None:
        self.saved_at = time.monotonic()
        self.record.watched |= self.watchers.told()
        if self.checkpoint is None:
            return
        state = {} if self.finished() else self.watchers.state()
        record = {**dataclasses.asdict(self.record), _WATCHERS: state}
        try:
            with self.watchers.phase("checkpoint"):
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
        # There is none where an earlier version has saved.
        kept = record.pop(_WATCHERS, {})
        try:
            self.record = TrainingRecord(**record)
            highest = max(map(self.worth, self.record.history), default=-math.inf)
            self.choice = EpochChoice(highest, arrays.get(_LOSSES))
            average = self.variables() if self.record.snapshots else {}
            best = self.variables() if self.record.best_epoch else {}
            expected = self.state(average, best)
            fits = _layout(arrays) == _layout(expected)
        except TypeError:
            fits = False
        if not fits:
            self.record, self.choice = TrainingRecord(), EpochChoice()
            self.checkpoint.set_aside("is of another model or version")
            return
        for name, variable in expected.items():
            if name.startswith("state/"):
                variable.assign(arrays[name])
        self.best = {name: arrays[f"best/{name}"] for name in best}
        if self.finished():
            return
        self.average = {name: arrays[f"average/{name}"] for name in average}
        self.kept = kept
        # The interrupt may have come between a step and its snapshot.
        self.update_average()


def _layout(arrays: Mapping[str, Any]) -> dict[str, tuple]:
    dtype = keras.backend.standardize_dtype
    return {name: (tuple(array.shape), dtype(array.dtype)) for name, array in arrays.items()}


def by_name(variables: Iterable[keras.Variable]) -> dict[str, keras.Variable]:
    """Variables by names that are the same in every process that makes the same model.

    Args:
        variables: Of a model, of an optimizer, or of both.

    Returns:
        Name -> variable, in their order. The name is the variable's path; that of the state of
        a layer's random numbers is its place, as Keras numbers those throughout a process.

    Raises:
        ValueError: Two variables have one path.
    """
    random = (f"random_{number}" for number in itertools.count())
    named: dict[str, keras.Variable] = {}
    for variable in variables:
        name = next(random) if variable.name == "seed_generator_state" else variable.path
        if name in named:
            raise ValueError(f"two variables are named {name}")
        named[name] = variable
    return named
