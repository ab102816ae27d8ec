"""What earlier runs have said: every summary is kept, below the `output` that it is of."""

from __future__ import annotations

import dataclasses
import datetime
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ...errors import RunError, UsageError
from ..output import RUNS, SUMMARY
from .summary import write_summary

# What a run leaves under its output is large, and holds no other output.
_OF_A_RUN = {"pipeline", "serving", "encoder", "rejected", "tensorboard", "checkpoints"}


@dataclasses.dataclass(frozen=True)
class Run:
    """A run that went through.

    Attributes:
        output: Folder of its results.
        summary: What it said.
    """

    output: str
    summary: Mapping[str, Any]

    @property
    def id(self) -> str | None:
        """Of the run in ML Metadata; None where its summary is of a version that told none."""
        return (self.summary.get("run") or {}).get("id")

    @property
    def name(self) -> str:
        """What `find_run` finds it by."""
        return f"{self.output}@{self.id}" if self.id else self.output

    @property
    def started(self) -> str:
        """When it began, UTC as ISO 8601 has it; when its summary was written where none tells."""
        if told := (self.summary.get("run") or {}).get("started"):
            return str(told)
        seconds = os.path.getmtime(os.path.join(self.output, SUMMARY))
        written = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
        return written.isoformat(timespec="seconds")

    @property
    def settings(self) -> dict[str, Any]:
        """Dotted key of the configuration -> its value; empty where that is not known."""
        return dict(_flat(self.summary.get("config") or {}))

    @property
    def figures(self) -> dict[str, float]:
        """Name -> value of the figures of the test split that are one number."""
        test = (self.summary.get("metrics") or {}).get("test") or {}
        return {
            name: value
            for name, value in test.items()
            if isinstance(value, int | float) and not isinstance(value, bool)
        }


def keep_summary(summary: Mapping[str, Any], output: str) -> None:
    """Writes the summary of a run as that of its own and as the latest of its output.

    The first is `output/runs/ID/summary.json` and stays: nothing is pruned. Each is written whole
    or not at all.

    Args:
        summary: As `make_summary` gives it.
        output: Folder of the results.

    Raises:
        RunError: If they cannot be written.
    """
    folder = os.path.join(output, RUNS, summary["run"]["id"])
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as error:
        raise RunError(f"{folder}: cannot be made: {error.strerror or error}") from error
    write_summary(summary, os.path.join(folder, SUMMARY))
    write_summary(summary, os.path.join(output, SUMMARY))


def find_runs(folder: str) -> list[Run]:
    """Finds the runs whose output is a folder or lies below it; hidden folders are not searched.

    Args:
        folder: Where to look.

    Returns:
        The runs, the latest last; of those that kept no summaries the last one of each output.

    Raises:
        UsageError: There is no such folder.
    """
    if not os.path.isdir(folder):
        raise UsageError(f"{folder}: no such folder; give one that holds outputs of runs")
    found = []
    for parent, folders, names in os.walk(folder):
        here = os.path.normpath(parent)
        if SUMMARY in names and (runs := list(_runs_of(here))):
            found += runs
            kept = {run.id for run in runs}
            folders[:] = [name for name in folders if name not in _OF_A_RUN]
            if RUNS in folders and kept != {None}:
                folders.remove(RUNS)
        # MLflow keeps copies of summaries.
        folders[:] = [name for name in folders if name[0] != "." and name != "artifacts"]
    return sorted(found, key=lambda run: (run.started, run.name))


def find_run(text: str, folder: str) -> Run:
    """Finds one run.

    Args:
        text: An output folder, of which it is the last run; the id of a run, or how that begins;
            or both as `OUTPUT@ID`.
        folder: Where an id alone is looked for.

    Raises:
        UsageError: There is no such run, or more than one.
    """
    output, at, run_id = text.rpartition("@")
    if at and os.path.isdir(output):
        runs = list(_runs_of(os.path.normpath(output)))
        where = output
    elif os.path.isdir(text):
        # The same run may stand there twice: as the latest and as one of all.
        last = _read(os.path.join(text, SUMMARY))
        if last is None:
            raise UsageError(f"{text}: is no output of a run; it has no {SUMMARY} that can be read")
        return Run(os.path.normpath(text), last)
    else:
        runs, where, run_id = find_runs(folder), folder, text
    fitting = [run for run in runs if run.id and run.id.startswith(run_id)]
    exact = [run for run in fitting if run.id == run_id]
    if len(exact or fitting) == 1:
        return (exact or fitting)[0]
    if not fitting:
        raise UsageError(f"{text}: no such run in {where}; `reviewlens runs {where}` lists them")
    names = ", ".join(run.name for run in fitting[:3])
    raise UsageError(f"{text}: is said of {len(fitting)} runs, such as {names}; give more of it")


def differing(runs: Sequence[Run]) -> list[str]:
    """Returns the keys of the configuration in which runs are not all alike, in its order.

    Args:
        runs: Those whose configuration is not known do not count.
    """
    settings = [run.settings for run in runs if run.settings]
    keys = dict.fromkeys(key for each in settings for key in each)
    return [key for key in keys if any(each.get(key) != settings[0].get(key) for each in settings)]


def _runs_of(output: str) -> Iterator[Run]:
    """All runs of an output; its latest summary alone where none was kept."""
    folder = os.path.join(output, RUNS)
    names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
    kept = [(name, _read(os.path.join(folder, name, SUMMARY))) for name in names]
    runs = [
        Run(output, summary)
        for name, summary in kept
        if summary and (summary.get("run") or {}).get("id") == name
    ]
    if not runs and (last := _read(os.path.join(output, SUMMARY))):
        runs = [Run(output, last)]
    yield from runs


def _read(path: str) -> dict[str, Any] | None:
    """A summary; None where there is none, or it is no summary of a run."""
    try:
        with open(path, encoding="utf-8") as file:
            summary = json.load(file)
    except (OSError, ValueError):
        return None
    return summary if isinstance(summary, dict) and "timings" in summary else None


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value
