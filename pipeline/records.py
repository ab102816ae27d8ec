"""What ML Metadata knows of the runs of a pipeline."""

from __future__ import annotations

import collections
import dataclasses
import json
import os
from collections.abc import Iterator, Mapping
from typing import Any

from ml_metadata import MetadataStore
from ml_metadata.proto import metadata_store_pb2 as mlmd

from .failures import essence
from .output import DATABASE

SUCCESSFUL = (mlmd.Execution.COMPLETE, mlmd.Execution.CACHED)
_MADE_OR_CHOSEN = (mlmd.Event.OUTPUT, mlmd.Event.INTERNAL_OUTPUT)
_UNFINISHED = (mlmd.Execution.NEW, mlmd.Execution.RUNNING)


@dataclasses.dataclass(frozen=True)
class NodeRecord:
    """The last execution of a node in one run.

    Attributes:
        execution: As recorded.
        outputs: Output key -> its artifacts; of a resolver those that it has chosen.
    """

    execution: mlmd.Execution
    outputs: dict[str, list[mlmd.Artifact]]

    @property
    def artifacts(self) -> list[mlmd.Artifact]:
        """All outputs."""
        return [artifact for artifacts in self.outputs.values() for artifact in artifacts]

    @property
    def succeeded(self) -> bool:
        """Whether the node ran to its end or was taken from the cache."""
        return self.execution.last_known_state in SUCCESSFUL

    @property
    def cached(self) -> bool:
        """Whether its outputs were made by an earlier run."""
        return self.execution.last_known_state == mlmd.Execution.CACHED

    @property
    def is_resolver(self) -> bool:
        """Whether it only chooses among the outputs of others."""
        return self.execution.type.rpartition(".")[2] == "Resolver"

    @property
    def usable(self) -> bool:
        """Whether it succeeded and all that it made is still good."""
        good = all(artifact.state == mlmd.Artifact.LIVE for artifact in self.artifacts)
        return self.succeeded and (good or self.is_resolver)

    @property
    def skipped(self) -> bool:
        """Whether it is a pusher that had no business pushing."""
        return any(properties_of(artifact).get("pushed") == 0 for artifact in self.artifacts)

    @property
    def failure(self) -> str:
        """What TFX recorded of why the node failed, in a line; "" for nothing."""
        result = self.execution.custom_properties["__execution_result__"].string_value
        return essence(json.loads(result).get("resultMessage", "")) if result else ""


class RunRecords:
    """Reads and mends the records of one pipeline.

    Args:
        connection: How ML Metadata is reached.
        pipeline: Name of the pipeline.
    """

    def __init__(self, connection: mlmd.ConnectionConfig, pipeline: str):
        self._store = MetadataStore(connection)
        self._pipeline = pipeline

    def nodes_of_run(self, run_id: str) -> dict[str, NodeRecord]:
        """Returns node id -> its last execution in a run; empty for an unknown run."""
        context = self._store.get_context_by_type_and_name("pipeline_run", run_id)
        if context is None:
            return {}
        executions = self._store.get_executions_by_context(context.id)
        latest: dict[str, mlmd.Execution] = {}
        for execution in sorted(executions, key=lambda execution: execution.id):
            latest[self._node_of(execution)] = execution
        outputs = self._outputs_of([execution.id for execution in latest.values()])
        return {
            node: NodeRecord(execution, outputs.get(execution.id, {}))
            for node, execution in latest.items()
        }

    def run_ids(self) -> Iterator[str]:
        """Yields the runs, the latest first."""
        contexts = self._store.get_contexts_by_type("pipeline_run")
        for context in sorted(contexts, key=lambda context: context.id, reverse=True):
            yield context.name

    def live_artifacts(self) -> list[mlmd.Artifact]:
        """Returns every artifact that the cache could hand out."""
        return [a for a in self._store.get_artifacts() if a.state == mlmd.Artifact.LIVE]

    def invalidate(self, artifacts: list[mlmd.Artifact]) -> None:
        """Marks artifacts as deleted, so that they are made again when they are needed."""
        for artifact in artifacts:
            artifact.state = mlmd.Artifact.DELETED
        self._store.put_artifacts(artifacts)

    def close_unfinished(self) -> list[tuple[str, int]]:
        """Marks executions that a dead process left running as failed.

        Returns:
            `(node, execution id)` of each.
        """
        executions = [
            execution
            for execution in self._store.get_executions()
            if execution.last_known_state in _UNFINISHED
        ]
        for execution in executions:
            execution.last_known_state = mlmd.Execution.FAILED
        self._store.put_executions(executions)
        return [(self._node_of(execution), execution.id) for execution in executions]

    def _node_of(self, execution: mlmd.Execution) -> str:
        contexts = self._store.get_contexts_by_execution(execution.id)
        names = (context.name for context in contexts if context.type == "node")
        return next(names, "").removeprefix(f"{self._pipeline}.")

    def _outputs_of(self, executions: list[int]) -> dict[int, dict[str, list[mlmd.Artifact]]]:
        events = [
            event
            for event in self._store.get_events_by_execution_ids(executions)
            if event.type in _MADE_OR_CHOSEN
        ]
        found = self._store.get_artifacts_by_id({event.artifact_id for event in events})
        artifacts = {artifact.id: artifact for artifact in found}
        outputs: dict = collections.defaultdict(lambda: collections.defaultdict(list))
        for event in events:
            key = event.path.steps[0].key
            outputs[event.execution_id][key].append(artifacts[event.artifact_id])
        return {execution: dict(by_key) for execution, by_key in outputs.items()}


def properties_of(artifact: mlmd.Artifact) -> dict[str, int | float | str]:
    """Returns the properties and custom properties of an artifact as plain values."""
    values = {}
    for properties in (artifact.properties, artifact.custom_properties):
        for key, value in properties.items():
            values[key] = getattr(value, value.WhichOneof("value"))
    return values


def nodes_of_summary(output: str, summary: Mapping[str, Any]) -> dict[str, NodeRecord]:
    """The nodes of a run that is over, by its summary.

    Args:
        output: Folder of its results.
        summary: What its `summary.json` says, with `run` and `config`.

    Returns:
        Node id -> its last execution; empty where ML Metadata is gone.
    """
    database = os.path.join(output, DATABASE)
    if not os.path.exists(database):
        return {}
    connection = mlmd.ConnectionConfig()
    connection.sqlite.filename_uri = database
    connection.sqlite.connection_mode = mlmd.SqliteMetadataSourceConfig.READONLY
    records = RunRecords(connection, summary["config"]["name"])
    return records.nodes_of_run(summary["run"]["id"])
