"""The curves of a training, for TensorBoard."""

from __future__ import annotations

import contextlib
import datetime
import os
import time
from collections.abc import Mapping
from typing import Any

import tensorflow as tf
from tensorboard.plugins.hparams import summary as hparams_summary
from tensorboard.plugins.hparams import summary_v2

from ..watching import StepSeen, Watched, Watcher

# Steps that a point of the curves stands for.
EVERY = 10
TRAIN, EVAL = "train", "eval"


class TensorBoardLogs(Watcher):
    """Writes the curves of a training into a folder of its own.

    That of the training has two runs, `train` and `eval`, so that TensorBoard draws what has one
    name in both, `loss`, into one picture; its hyperparameters lie beside them. A training that
    is gone on with goes on in its folder. What it does again is what it did before, bit by bit,
    so of the steps that were written before the interruption none is written twice.

    Args:
        directory: Folder of the folders.
        hyperparameters: What the training is compared with others by; what is neither a number
            nor text is written as text.

    Example:
        >>> task = TextClassification(("negative", "neutral", "positive"))
        >>> logs = TensorBoardLogs(directory, {"learning_rate": 1e-4})
        >>> settings = TrainingSettings(epochs=1)
        >>> record = train(
        ...     classifier, training, evaluation, settings, task=task, watchers=[logs]
        ... )
        >>> {"train", "eval"} <= set(os.listdir(logs.folder))
        True
    """

    name = "tensorboard"

    def __init__(self, directory: str, hyperparameters: Mapping[str, Any]):
        self._directory = directory
        self._hyperparameters = dict(hyperparameters)
        self._folder: str | None = None
        self._writers: dict[str, tf.summary.SummaryWriter] = {}
        # Of each run the last step that was there before.
        self._there: dict[str, int] = {}
        self._findings: dict[str, int] = {}

    @property
    def folder(self) -> str:
        """Where the curves of this training lie."""
        if self._folder is None:
            self._folder = self._new_folder()
        return self._folder

    def begin(self, watched: Watched) -> None:
        self._watched = watched
        self._start_window()

    def resume(self, told: Mapping[str, Any]) -> None:
        self._folder = told["folder"]

    def step(self, seen: StepSeen) -> None:
        self._losses.append(seen.loss)
        self._done += seen.tokens if self._watched.unit == "tokens" else len(seen.rows)
        in_epoch = seen.number - (seen.epoch - 1) * self._watched.steps_per_epoch
        if in_epoch % EVERY and in_epoch != self._watched.steps_per_epoch:
            return
        if self._is_new(TRAIN, seen.number):
            speed = self._done / max(time.perf_counter() - self._since, 1e-9)
            with self._writer(TRAIN).as_default(step=seen.number):
                tf.summary.scalar(
                    "loss", sum(float(loss) for loss in self._losses) / len(self._losses)
                )
                tf.summary.scalar("learning_rate", self._watched.optimizer.learning_rate)
                tf.summary.scalar(f"{self._watched.unit}_per_second", speed)
        self._start_window()

    def epoch(self, number: int, figures: Mapping[str, float]) -> None:
        step = int(self._watched.optimizer.iterations)
        if self._is_new(EVAL, step):
            with self._writer(EVAL).as_default(step=step):
                for name, value in figures.items():
                    if name != "loss":
                        tf.summary.scalar("loss" if name == "log_loss" else name, value)
        # What comes between two epochs is no part of the speed of the steps.
        self._start_window()

    def finding(self, rule: str, step: int, message: str) -> None:
        """Writes down what a rule has found: the words, and how often it has found something.

        Args:
            rule: Its name.
            step: Of the training.
            message: What it says, one line or more.
        """
        if not self._is_new(TRAIN, step):
            return
        self._findings[rule] = self._findings.get(rule, 0) + 1
        with self._writer(TRAIN).as_default(step=step):
            tf.summary.scalar(f"rules/{rule}", self._findings[rule])
            tf.summary.text(f"rules/{rule}", message)

    def told(self) -> dict[str, Any]:
        # What a checkpoint takes for done is not done again.
        for writer in self._writers.values():
            writer.flush()
        return {"folder": self.folder}

    def end(self) -> None:
        if "" in self._writers:
            with self._writers[""].as_default(step=0):
                ended = hparams_summary.session_end_pb(hparams_summary.api_pb2.STATUS_SUCCESS)
                tf.summary.experimental.write_raw_pb(ended.SerializeToString())
        for writer in self._writers.values():
            writer.close()
        self._writers.clear()

    def _start_window(self) -> None:
        self._losses: list[tf.Tensor] = []
        self._done, self._since = 0, time.perf_counter()

    def _new_folder(self) -> str:
        """One that no other training has, named by the time."""
        now = datetime.datetime.now().strftime("%Y-%m-%d-%H%M%S")
        names = (now, *(f"{now}-{number}" for number in range(2, 1000)))
        paths = (os.path.join(self._directory, name) for name in names)
        return next(path for path in paths if not tf.io.gfile.exists(path))

    def _writer(self, run: str) -> tf.summary.SummaryWriter:
        if not self._writers:
            self._writers[""] = tf.summary.create_file_writer(self.folder)
            values = {
                name: value if isinstance(value, (bool, int, float, str)) else str(value)
                for name, value in self._hyperparameters.items()
            }
            named = summary_v2.hparams_pb(values, trial_id=os.path.basename(self.folder))
            with self._writers[""].as_default(step=0):
                tf.summary.experimental.write_raw_pb(named.SerializeToString())
        if run not in self._writers:
            path = os.path.join(self.folder, run)
            self._writers[run] = tf.summary.create_file_writer(path)
        return self._writers[run]

    def _is_new(self, run: str, step: int) -> bool:
        if run not in self._there:
            self._there[run] = _last_step(os.path.join(self.folder, run))
        return step > self._there[run]


def _last_step(run: str) -> int:
    """The last step of which a folder of curves has a point; 0 without one."""
    if not tf.io.gfile.isdir(run):
        return 0
    last = 0
    for name in tf.io.gfile.listdir(run):
        # The last record of a process that was killed may be half a one.
        with contextlib.suppress(tf.errors.DataLossError):
            for record in tf.data.TFRecordDataset(os.path.join(run, name)):
                last = max(last, tf.compat.v1.Event.FromString(record.numpy()).step)
    return last
