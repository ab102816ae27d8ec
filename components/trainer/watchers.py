"""Who looks on while a node trains, as the section `debug` of a configuration says."""

from __future__ import annotations

import os
from typing import Any

from tfx.dsl.io import fileio

from ...models.rules.rule import Reading
from ...models.settings import DebugSettings
from ...models.training.debugging.debugger import Debugger
from ...models.training.debugging.judging import STOP
from ...models.training.debugging.saving import SavedTensors
from ...models.training.profiling.profiler import Profiler
from ...models.training.profiling.rates import LearningRates
from ...models.training.profiling.trace import StepTrace
from ...models.training.watching import Watcher

TENSORS_FILE = "tensors.npz"


def watchers_of(
    debug: DebugSettings | None, model_run: str, logs: str, reading: Reading | None = None
) -> list[Watcher]:
    """Makes those who look on.

    Args:
        debug: How the training is watched; None for the profiler and the learning rate alone.
        model_run: Directory that receives `tensors.npz`, if tensors are to be kept.
        logs: Directory of the logs for TensorBoard.
        reading: How much is read of the texts, where that is known.
    """
    watchers: list[Watcher] = [Profiler(), LearningRates()]
    if debug is None:
        return watchers
    if debug.save:
        fileio.makedirs(model_run)
        path = os.path.join(model_run, TENSORS_FILE)
        watchers.append(SavedTensors(path, debug.save, debug.every))
    if debug.profile:
        watchers.append(StepTrace(logs, *debug.profile))
    # Last, so that the others have seen the step at which a rule ends the training.
    if debug.on:
        watchers.append(Debugger(debug, reading))
    return watchers


def endings_of(debug: DebugSettings | None) -> dict[str, dict[str, Any]]:
    """The rules that may end a training before its time, by which its checkpoint is known.

    A training that one of them has ended is over only for who asks for that rule.

    Args:
        debug: How the training is watched; None for not at all.
    """
    if debug is None or not debug.on:
        return {}
    return {name: dict(rule) for name, rule in debug.rules.items() if rule.get("action") == STOP}
