"""Callbacks of Keras that are told of a training by this package's own loop."""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import keras

from ...errors import RunError
from .watching import StepSeen, StopTraining, Watched, Watcher


def load_callbacks(names: Sequence[str]) -> list[KerasCallback]:
    """Makes callbacks by the names of their classes.

    Args:
        names: Each `MODULE:CLASS`, of an installed package or of a file in the working directory;
            what it names is called without arguments.

    Raises:
        RunError: There is no such class, it cannot be made, or it makes no callback of Keras.

    Example:
        >>> [callback.name for callback in load_callbacks(["keras.callbacks:EarlyStopping"])]
        ['keras.callbacks:EarlyStopping']
    """
    return [KerasCallback(name, _make(name)) for name in names]


class KerasCallback(Watcher):
    """A callback of Keras, as one that looks on.

    It is called as by `fit`: `on_train_begin` and `on_train_end`, `on_epoch_begin` and
    `on_epoch_end` with `loss` and the task's figures of the eval split (`val_accuracy`, …) in
    `logs`, `on_train_batch_begin` and `on_train_batch_end` with the `loss` of the batch, and
    `on_test_begin` and `on_test_end` around the evaluation of an epoch. It has `model`, with
    `optimizer`, and `params`; setting `model.stop_training` ends the training with its best
    epoch. Of a training that is gone on with, it is told from there on. The learning rate is the
    loop's: it follows a schedule that cannot be set.

    Unlike others who look on it may change the model, and what it raises fails the training.

    Args:
        name: As the configuration names it.
        callback: That is told.

    Example:
        >>> callback = KerasCallback("mine:Loss", keras.callbacks.LambdaCallback(
        ...     on_epoch_end=lambda epoch, logs: print(epoch, sorted(logs)[0])))
        >>> task = TextClassification(("bad", "fair", "good"))
        >>> record = train(classifier, training, evaluation, TrainingSettings(epochs=1),
        ...                task=task, watchers=[callback])
        0 loss
    """

    def __init__(self, name: str, callback: keras.callbacks.Callback):
        self.name = name
        self._callback = callback
        self._watched: Watched | None = None
        self._epoch = -1
        self._batch = 0
        self._failed = False
        self._optimizer: keras.optimizers.Optimizer | None = None

    def begin(self, watched: Watched) -> None:
        """See `Watcher`."""
        self._watched = watched
        steps = watched.steps_per_epoch
        self._epoch, self._batch = watched.steps_done // steps - 1, watched.steps_done % steps
        watched.model.stop_training = False
        # As after `compile`: callbacks read the rate and the steps there.
        self._optimizer = getattr(watched.model, "optimizer", None)
        watched.model.optimizer = watched.optimizer
        self._callback.set_params(
            {"epochs": watched.total_steps // steps, "steps": steps, "verbose": 0}
        )
        self._callback.set_model(watched.model)
        self._call("on_train_begin")
        if self._batch:
            self._begin_epoch()

    def phase(self, name: str) -> contextlib.AbstractContextManager[None]:
        """See `Watcher`."""
        if name == "input":
            if self._batch == 0:
                self._begin_epoch()
            self._call("on_train_batch_begin", self._batch)
        return self._tested() if name == "evaluation" else contextlib.nullcontext()

    def step(self, seen: StepSeen) -> None:
        """See `Watcher`."""
        self._call("on_train_batch_end", self._batch, {"loss": float(seen.loss)})
        self._batch += 1
        self._look_for_stop()

    def epoch(self, number: int, figures: Mapping[str, float]) -> None:
        """See `Watcher`."""
        logs = {name if name == "loss" else f"val_{name}": of for name, of in figures.items()}
        self._call("on_epoch_end", number - 1, logs)
        self._batch = 0
        self._look_for_stop()

    def end(self) -> None:
        """See `Watcher`."""
        if self._watched is None:
            return
        try:
            if not self._failed:
                self._call("on_train_end")
        finally:
            # Whoever has compiled the model finds it as it was.
            model = self._watched.model
            if self._optimizer is None:
                del model.optimizer
            elif self._optimizer is not self._watched.optimizer:
                model.optimizer = self._optimizer

    def _begin_epoch(self) -> None:
        self._epoch += 1
        self._call("on_epoch_begin", self._epoch)

    @contextlib.contextmanager
    def _tested(self) -> Iterator[None]:
        self._call("on_test_begin")
        yield
        self._call("on_test_end")

    def _look_for_stop(self) -> None:
        if self._watched is not None and self._watched.model.stop_training:
            self._watched.model.stop_training = False
            raise StopTraining(f"{self.name} has set model.stop_training")

    def _call(self, hook: str, *arguments: Any) -> None:
        try:
            getattr(self._callback, hook)(*arguments)
        except Exception as error:
            self._failed = True
            raise RunError(
                f"training.callbacks: {self.name} failed in {hook}: {type(error).__name__}: {error}"
            ) from error


def _make(name: str) -> keras.callbacks.Callback:
    module, _, attribute = name.partition(":")
    try:
        with _working_directory_importable():
            make: Callable[[], Any] = getattr(importlib.import_module(module), attribute)
        callback = make()
    except Exception as error:
        raise RunError(
            f"training.callbacks: {name} cannot be made: {type(error).__name__}: {error}; it is "
            "MODULE:CLASS, of an installed package or of a file in the working directory, and is "
            "called without arguments"
        ) from error
    if not isinstance(callback, keras.callbacks.Callback):
        raise RunError(
            f"training.callbacks: {name} is a {type(callback).__name__}, no "
            "keras.callbacks.Callback"
        )
    return callback


@contextlib.contextmanager
def _working_directory_importable() -> Iterator[None]:
    """Unlike `python -m`, an installed command does not look there."""
    sys.path.append(os.getcwd())
    try:
        yield
    finally:
        sys.path.remove(os.getcwd())
