"""What stays of a training that has failed, where the outputs of its node do not."""

from __future__ import annotations

import os
import shlex

from tfx.dsl.io import fileio

from ...errors import RunError
from ...models.training.loop import TrainingFailed
from .record import watched_facts, write_record
from .watchers import TENSORS_FILE


def kept_failure(failed: TrainingFailed, model_run: str, logs: str) -> RunError:
    """Keeps what was seen of a training that has failed, in its folder for TensorBoard.

    TFX removes the outputs of a node that fails, but not that folder: it gets the `training.json`
    and the `tensors.npz` that the node would have put out.

    Args:
        failed: How the training ended.
        model_run: Directory of the output `model_run`.
        logs: Directory of the logs, where the training has no folder in it.

    Returns:
        What is to be raised: it says where that is.
    """
    folder = failed.record.watched.get("tensorboard", {}).get("folder", logs)
    write_record(folder, failed.record, failed=str(failed), **watched_facts(failed.record))
    tensors = os.path.join(model_run, TENSORS_FILE)
    if fileio.exists(tensors):
        fileio.copy(tensors, os.path.join(folder, TENSORS_FILE), overwrite=True)
    command = f"reviewlens debug {shlex.quote(folder)}"
    return RunError(f"{failed}\nwhat was seen of the training until then: {command}")
