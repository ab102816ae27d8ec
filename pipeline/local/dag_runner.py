"""Runs the nodes of a pipeline one after the other in this process and shows how it goes."""

from __future__ import annotations

import datetime
import sys
from collections.abc import Iterable

from tfx.dsl.compiler import constants
from tfx.dsl.components.common.resolver import Resolver
from tfx.orchestration import metadata
from tfx.orchestration.local import runner_utils
from tfx.orchestration.pipeline import Pipeline
from tfx.orchestration.portable import (
    launcher,
    partial_run_utils,
    runtime_parameter_utils,
    tfx_runner,
)
from tfx.proto.orchestration import pipeline_pb2

from ... import progress, resources
from ...components.trainer import remove_replaced_checkpoint
from ...errors import RunError, UsageError
from ...models.memory import give_back_memory
from ..failures import explain
from ..nodes import Node
from ..records import RunRecords
from .display import Display, NodeProgress, State
from .integrity import DamageFound, Manifests

_REUSE_REQUIRED = pipeline_pb2.NodeExecutionOptions.Skip.REQUIRED


def resolvers_feeding(pipeline: Pipeline, from_node: str) -> list[str]:
    """Finds the resolvers whose answer a partial run wants as of now, not of the last run.

    Args:
        pipeline: The whole graph.
        from_node: Where the partial run starts.

    Returns:
        Ids of the resolvers that feed only nodes of the partial run.
    """
    downstream = {
        node.id: {other.id for other in node.downstream_nodes} for node in pipeline.components
    }
    swept, waiting = set(), [from_node]
    while waiting:
        node = waiting.pop()
        if node not in swept:
            swept.add(node)
            waiting += downstream[node]
    return [
        node.id
        for node in pipeline.components
        if isinstance(node, Resolver) and downstream[node.id] <= swept
    ]


class ObservedDagRunner(tfx_runner.IrBasedRunner):
    """TFX's local runner with three things more: it tells, it checks, it remembers.

    It shows each node's state and progress, takes a node for done only if ML Metadata
    has recorded it as such (TFX goes on silently where a node's inputs could not be
    resolved), and has `integrity` write down what is new and compare what is not.

    Args:
        records: Of the pipeline.
        manifests: Of its artifacts.
        display: Is told whatever happens.
        nodes: What is known of the nodes.

    Attributes:
        run_id: Of the run in ML Metadata.
        nodes: How each node went.
    """

    def __init__(
        self,
        records: RunRecords,
        manifests: Manifests,
        display: Display,
        nodes: Iterable[Node] = (),
    ):
        self.run_id = datetime.datetime.now().isoformat()
        self.nodes: dict[str, NodeProgress] = {}
        self._records = records
        self._manifests = manifests
        self._display = display
        self._does = {node.id: node.does for node in nodes}

    def run_with_ir(
        self,
        pipeline: pipeline_pb2.Pipeline,
        run_options: pipeline_pb2.RunOptions | None = None,
    ) -> None:
        """Runs a compiled pipeline, or the part of it that the options choose.

        Args:
            pipeline: As the TFX compiler gives it; is changed.
            run_options: Where a partial run starts and ends.

        Raises:
            DamageFound: If the run was about to take over something that has changed since it
                was made.
            RunError: If a node failed or could not be run.
            UsageError: If a partial run needs what no earlier run has left.
        """
        runtime_parameter_utils.substitute_runtime_parameter(
            pipeline, {constants.PIPELINE_RUN_ID_PARAMETER_NAME: self.run_id}
        )
        base_run = None
        if run_options:
            partial_run_utils.mark_pipeline(
                pipeline,
                from_nodes=run_options.partial_run.from_nodes or None,
                to_nodes=run_options.partial_run.to_nodes or None,
            )
            base_run = self._base_run(pipeline)
        nodes = [node.pipeline_node for node in pipeline.nodes]
        ids = [node.node_info.id for node in nodes]
        self.nodes = {node: NodeProgress(node, note=self._does.get(node, "")) for node in ids}
        for node in nodes:
            if node.execution_options.HasField("skip"):
                self.nodes[node.node_info.id].state = State.LEFT_OUT
        if all(node.state is State.LEFT_OUT for node in self.nodes.values()):
            raise UsageError(
                "no node lies between --from and --to: the one does not feed the other"
            )
        self._display.show(list(self.nodes.values()))

        deployment = runner_utils.extract_local_deployment_config(pipeline)
        connection = deployment.metadata_connection_config
        connection = getattr(connection, connection.WhichOneof("connection_config"))
        for node in nodes:
            if node.execution_options.HasField("skip"):
                continue
            if node.execution_options.run.perform_snapshot:
                with metadata.Metadata(connection) as handle:
                    partial_run_utils.snapshot(handle, pipeline, base_run)
            node_id = node.node_info.id
            self._launch(
                self.nodes[node_id],
                launcher.Launcher(
                    pipeline_node=node,
                    mlmd_connection=metadata.Metadata(connection),
                    pipeline_info=pipeline.pipeline_info,
                    pipeline_runtime_spec=pipeline.runtime_spec,
                    executor_spec=runner_utils.extract_executor_spec(deployment, node_id),
                    custom_driver_spec=runner_utils.extract_custom_driver_spec(deployment, node_id),
                ),
            )
            # For the next node, and for processes that it starts. What is taken over took none.
            if self.nodes[node_id].state is not State.CACHED:
                give_back_memory()

    def _launch(self, node: NodeProgress, node_launcher: launcher.Launcher) -> None:
        def reporter(done: int, total: int | None, note: str) -> None:
            node.done, node.total, node.note = done, total, note
            self._display.progressed(node)

        node.start()
        self._display.node_changed(node)
        try:
            with progress.reporting_to(reporter), progress.notifying_to(self._display.notify):
                with resources.peak_memory() as peak:
                    node_launcher.launch()
                node.memory = peak.memory
                node.end(self._outcome(node.node))
        except DamageFound:
            node.end(State.DAMAGED)
            raise
        except Exception as exception:
            error = explain(exception)
            raise type(error)(f"{node.node}: {error}") from exception
        finally:
            if node.state is State.RUNNING:
                interrupted = isinstance(sys.exc_info()[1], KeyboardInterrupt)
                node.end(State.INTERRUPTED if interrupted else State.FAILED)
            self._display.node_changed(node)

    def _outcome(self, node: str) -> State:
        """Judges by the record whether the node has done its work."""
        record = self._records.nodes_of_run(self.run_id).get(node)
        if record is None:
            raise RunError("was not run, because an input of it does not exist")
        if not record.succeeded:
            raise RunError(f"could not be run; {record.failure or 'nothing is recorded of why'}")
        if record.cached or record.is_resolver:
            self._manifests.compare(record)
        else:
            self._manifests.record(record)
        # Also if cached: a kill may have come between its record and this.
        for artifact in record.outputs.get("trained_model", ()):
            remove_replaced_checkpoint(artifact.uri)
        if record.skipped:
            return State.SKIPPED
        return State.CACHED if record.cached else State.DONE

    def _base_run(self, pipeline: pipeline_pb2.Pipeline) -> str | None:
        """The latest run that left all that the nodes to run need of the nodes left out."""
        needed = [
            node.pipeline_node.node_info.id
            for node in pipeline.nodes
            if node.pipeline_node.execution_options.skip.reuse_artifacts_mode == _REUSE_REQUIRED
        ]
        if not needed:
            return None
        for run_id in self._records.run_ids():
            record = self._records.nodes_of_run(run_id)
            if all(node in record and record[node].usable for node in needed):
                for node in needed:
                    if not record[node].is_resolver:
                        self._manifests.compare(record[node])
                return run_id
        raise UsageError(
            f"a partial run needs an earlier one that finished {', '.join(needed)}; "
            "run the pipeline from its beginning"
        )
