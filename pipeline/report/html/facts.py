"""What the sections of a page are made from: the summary of a run and what its nodes have left."""

from __future__ import annotations

import dataclasses
import functools
import json
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ....errors import UsageError
from ...output import RUNS, SUMMARY

if TYPE_CHECKING:
    from ...records import NodeRecord


@dataclasses.dataclass(frozen=True)
class RunFacts:
    """A run, as it can be read afterwards.

    Attributes:
        output: Folder of its results.
        summary: What `summary.json` says.
        folders: Node id -> name of an output -> folder of the artifact, of cached nodes as well.
    """

    output: str
    summary: Mapping[str, Any]
    folders: Mapping[str, Mapping[str, str]]

    def file(self, node: str, output: str, *path: str) -> str | None:
        """Returns the path of a file that a node has left, None if there is none.

        Args:
            node: Its id.
            output: Name of the output.
            path: Of the file within the artifact.
        """
        folder = self.folders.get(node, {}).get(output)
        found = folder and os.path.join(folder, *path)
        return found if found and os.path.exists(found) else None

    @property
    def predictions(self) -> str | None:
        """Path of the `predictions.parquet` of the evaluator, None if there is none."""
        return self.file("evaluator", "evaluation", "predictions.parquet")

    @functools.cached_property
    def training(self) -> dict[str, Any]:
        """What `training.json` says; empty if nothing was trained."""
        for node in ("trainer", "pretrainer", "ngram-trainer"):
            if path := self.file(node, "model_run", "training.json"):
                with open(path, encoding="utf-8") as file:
                    return json.load(file)
        return {}


def facts_of_records(
    output: str, summary: Mapping[str, Any], records: Mapping[str, NodeRecord]
) -> RunFacts:
    """The facts of a run whose records are at hand.

    Args:
        output: Folder of its results.
        summary: Of the run.
        records: Node id -> its execution.
    """
    folders = {
        node: {name: artifacts[0].uri for name, artifacts in record.outputs.items() if artifacts}
        for node, record in records.items()
    }
    return RunFacts(output, summary, folders)


def facts_of(output: str, run_id: str | None = None) -> RunFacts:
    """The facts of a run that is over.

    Args:
        output: Folder of its results.
        run_id: Of one of the runs; None for the last one.

    Raises:
        UsageError: There is no such run.
    """
    from ...records import nodes_of_summary

    path = os.path.join(output, *((RUNS, run_id) if run_id else ()), SUMMARY)
    try:
        with open(path, encoding="utf-8") as file:
            summary = json.load(file)
    except FileNotFoundError:
        what = f"has no run {run_id}" if run_id else "is no output of a run"
        raise UsageError(f"{output}: {what}; {path} is missing") from None
    if not summary.get("run") or not summary.get("config"):
        raise UsageError(
            f"{path}: does not say which run it is of, as those of older versions; run it again"
        )
    return facts_of_records(output, summary, nodes_of_summary(output, summary))
