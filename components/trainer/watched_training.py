"""The training of a node, with all who look on, and what stays of it if it fails."""

from __future__ import annotations

import dataclasses
import json
import os
import shlex
from collections.abc import Sequence
from typing import Any

import keras
from tfx.dsl.io import fileio

from ...errors import RunError
from ...models.rules.rule import Reading
from ...models.settings import DebugSettings, PretrainingSettings, TrainingSettings
from ...models.tasks.base import Objective, Task
from ...models.training.loop import TrainingFailed, TrainingRecord, train
from ...models.training.tokenized import TokenizedTexts
from ...models.training.watching import Watcher
from .record import watched_facts, write_record
from .watchers import TENSORS_FILE, endings_of, watchers_of


@dataclasses.dataclass(frozen=True)
class TrainingRun:
    """Where a node trains, and who looks on.

    Attributes:
        model_run: Directory of the output of that name, which receives `training.json`.
        checkpoints: Directory from which an interrupted training goes on; None for none.
        tensorboard: Directory of the logs; None for `model_run`.
        code: Fingerprint of the code, and of the encoder where its name does not tell it, by which
            a checkpoint is known.
        debug: How the training is watched; None for not at all.
    """

    model_run: str
    checkpoints: str | None = None
    tensorboard: str | None = None
    code: str = ""
    debug: DebugSettings | None = None


def train_watched(
    model: keras.Model,
    training: TokenizedTexts,
    evaluation: TokenizedTexts,
    settings: TrainingSettings | PretrainingSettings,
    *,
    task: Task | Objective,
    trained: Any,
    run: TrainingRun,
    reading: Reading | None = None,
    others: Sequence[Watcher] = (),
) -> TrainingRecord:
    """Trains a model as a node does.

    TFX removes the outputs of a node that fails, but not its folder for TensorBoard: of a training
    that has failed that gets the `training.json` and the `tensors.npz` that the node would have
    put out.

    Args:
        model: As its task builds it.
        training: What it learns from.
        evaluation: What the epoch is chosen by.
        settings: See `models.train`, and there for `task`.
        task: That of the model.
        trained: What is trained: its encoder and the settings of its model are part of what a
            checkpoint is known by.
        run: Where, and who looks on.
        reading: How much is read of the texts, where that is known.
        others: Who looks on beside those that `run.debug` asks for.

    Raises:
        RunError: The training has failed; says where is what was seen of it until then. And
            whatever `models.train` raises else.
    """
    fingerprint = [trained.encoder, vars(trained.model), run.code, endings_of(run.debug)]
    logs = run.tensorboard or run.model_run
    try:
        return train(
            model,
            training,
            evaluation,
            settings,
            task=task,
            checkpoints=run.checkpoints,
            fingerprint=json.dumps(fingerprint, sort_keys=True),
            tensorboard=logs,
            watchers=[*watchers_of(run.debug, run.model_run, logs, reading), *others],
        )
    except TrainingFailed as failed:
        folder = _keep(failed, run.model_run, logs)
        command = f"reviewlens debug {shlex.quote(folder)}"
        raise RunError(f"{failed}\nwhat was seen of the training until then: {command}") from failed


def _keep(failed: TrainingFailed, model_run: str, logs: str) -> str:
    """Writes down what was seen of it; returns the folder."""
    folder = failed.record.watched.get("tensorboard", {}).get("folder", logs)
    write_record(folder, failed.record, failed=str(failed), **watched_facts(failed.record))
    tensors = os.path.join(model_run, TENSORS_FILE)
    if fileio.exists(tensors):
        fileio.copy(tensors, os.path.join(folder, TENSORS_FILE), overwrite=True)
    return folder
