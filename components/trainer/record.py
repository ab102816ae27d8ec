"""What a training leaves to be read: `training.json`."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any, Protocol

from tfx.dsl.io import fileio

if TYPE_CHECKING:
    from ...models.training.loop import TrainingRecord

RECORD_FILE = "training.json"


class Record(Protocol):
    """What every training tells of itself; see `models.training.loop.TrainingRecord`."""

    @property
    def history(self) -> list[dict]: ...

    @property
    def best_epoch(self) -> int: ...

    @property
    def steps(self) -> int: ...

    @property
    def seconds(self) -> float: ...

    @property
    def examples_per_second(self) -> float: ...


def write_record(model_run: str, record: Record, **more: Any) -> None:
    """Writes the facts of a training.

    Args:
        model_run: Directory of the artifact; made when needed.
        record: What the training did.
        more: What else is to be known of it, values that JSON can hold.
    """
    facts = {
        "epochs": len(record.history),
        "steps": record.steps,
        "examples_per_second": record.examples_per_second,
        "seconds": record.seconds,
        "best_epoch": record.best_epoch,
        **more,
        "history": record.history,
    }
    fileio.makedirs(model_run)
    with fileio.open(os.path.join(model_run, RECORD_FILE), "w") as file:
        file.write(json.dumps(facts, indent=2))


def watched_facts(record: TrainingRecord) -> dict[str, Any]:
    """What those who looked on have to tell of a training, for `write_record`.

    Args:
        record: What the training did.
    """
    stopped = {"stopped_by": record.stopped_by} if record.stopped_by else {}
    # What the rules have to tell has names of its own: `findings` and `rules`.
    watched = dict(record.watched)
    return {**stopped, **watched.pop("rules", {}), **watched}
