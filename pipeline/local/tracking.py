"""Tells MLflow of a run that went through."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ...errors import RunError
from ..output import SUMMARY
from ..report.history import Run
from ..report.html.facts import facts_of
from ..report.html.page import REPORT

if TYPE_CHECKING:
    from mlflow import MlflowClient

# MLflow takes so many at a time, and no longer values.
_PARAMETERS = 100
_METRICS = 1000
_CHARACTERS = 500
_NOT_IN_NAMES = re.compile(r"[^\w\-. :/]", re.ASCII)
# A server that is gone shall not hold a run for minutes.
_PATIENCE = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2", "MLFLOW_HTTP_REQUEST_TIMEOUT": "20"}
# Its newer versions take a folder only if they are told so.
_FILE_STORE = {"MLFLOW_ALLOW_FILE_STORE": "true"}


def track(uri: str, output: str, summary: Mapping[str, Any], notify: Callable[[str], None]) -> None:
    """Tells MLflow of a run: settings, figures by epoch and at the end, summary, report and model.

    The model is what was pushed, of which the tag `pushed_to` says where it is; there is none
    where it was refused. Nothing that goes wrong here ends a run.

    Args:
        uri: Address of a server, or folder of a file store.
        output: Folder of the run's results.
        summary: Of the run.
        notify: Is told of what went wrong, in a line.
    """
    for name, value in (_PATIENCE | _FILE_STORE).items():
        os.environ.setdefault(name, value)
    try:
        from mlflow import MlflowClient

        _track(MlflowClient(tracking_uri=uri), output, summary)
    except ModuleNotFoundError as error:
        notify(
            f"tracking.mlflow: this run is not tracked, as {error.name} is not installed; "
            "`pip install 'reviewlens[tracking]'`"
        )
    except Exception as error:
        (told, *_) = str(error).splitlines() or [type(error).__name__]
        notify(f"tracking.mlflow: this run is not tracked: {told}")


def _track(client: MlflowClient, output: str, summary: Mapping[str, Any]) -> None:
    from mlflow.entities import Metric, Param, RunTag

    told = Run(output, summary)
    name = str(told.settings["name"])
    experiment = client.get_experiment_by_name(name)
    if experiment and experiment.lifecycle_stage != "active":
        raise RunError(f"its experiment {name} was deleted; restore it, or choose another `name`")
    experiment_id = experiment.experiment_id if experiment else client.create_experiment(name)
    now = round(time.time() * 1000)
    started = now - round(summary["run"]["seconds"] * 1000)
    run = client.create_run(experiment_id, start_time=started, run_name=told.id).info.run_id
    status = "FAILED"
    try:
        parameters = [
            Param(_NOT_IN_NAMES.sub("_", key), str(value)[:_CHARACTERS])
            for key, value in told.settings.items()
        ]
        for at in range(0, len(parameters), _PARAMETERS):
            client.log_batch(run, params=parameters[at : at + _PARAMETERS])
        history = facts_of(output, told.id).training.get("history", ())
        metrics = [
            Metric(f"epoch.{key}", value, now, epoch)
            for epoch, figures in enumerate(history, 1)
            for key, value in _numbers(figures)
        ]
        last = {"test": (summary["metrics"] or {}).get("test"), "training": summary["training"]}
        metrics += [Metric(key, value, now, 0) for key, value in _numbers(last)]
        for at in range(0, len(metrics), _METRICS):
            client.log_batch(run, metrics=metrics[at : at + _METRICS])
        tags = {key: str(summary.get(key)) for key in ("blessed", "pushed_to")}
        client.log_batch(run, tags=[RunTag(key, value) for key, value in tags.items()])
        for file in (SUMMARY, REPORT):
            if os.path.exists(path := os.path.join(output, file)):
                client.log_artifact(run, path)
        # A version may lie in an object store, or have been taken away since.
        if os.path.isdir(pushed := summary.get("pushed_to") or ""):
            client.log_artifacts(run, pushed, "model")
        status = "FINISHED"
    finally:
        client.set_terminated(run, status)


def _numbers(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, float]]:
    for name, value in values.items():
        key = prefix + _NOT_IN_NAMES.sub("_", str(name))
        if isinstance(value, Mapping):
            yield from _numbers(value, f"{key}.")
        elif isinstance(value, int | float) and not isinstance(value, bool):
            yield key, float(value)
