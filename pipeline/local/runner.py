"""One run of the pipeline on this machine, from the lock to the summary."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import functools
import gc
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ...errors import UsageError
from ...progress import notifying_to
from ..beam_options import check_runs_here
from ..capture import captured_output
from ..config import AnyConfig
from ..config.plain import plain_config
from ..environment import limit_arenas, prepare_environment
from ..failures import explain
from ..graphs import graph_of
from ..nodes import Node, check_nodes, node_ids
from ..nodes.review_nodes import REVIEW_NODES
from ..output import check_output
from .display import Display, open_display
from .lock import locked
from .tracking import track

if TYPE_CHECKING:
    from tfx.orchestration.pipeline import Pipeline

LOG = "pipeline.log"


@dataclasses.dataclass(frozen=True)
class RunResult:
    """What a run that succeeded has left.

    Attributes:
        run_id: Of the run in ML Metadata.
        states: Node id -> `done`, `cached`, `skipped` (a pusher that got a refused model) or
            `left out`.
        seconds: Node id -> how long it took; only of nodes that this run looked at.
        summary: What `summary.json` holds.
        output: Folder of the results.
    """

    run_id: str
    states: dict[str, str]
    seconds: dict[str, float]
    summary: dict[str, Any]
    output: str

    @property
    def refused(self) -> bool:
        """Whether a node of the run judged the model and found it not fit to be pushed."""
        return False in (self.summary["blessed"], self.summary["serving_validated"])


def run(
    config: AnyConfig,
    *,
    from_node: str | None = None,
    to_node: str | None = None,
    cache: bool = True,
) -> RunResult:
    """Runs the graph that a configuration is for and shows it on stdout.

    Everything that libraries print goes to `pipeline.log` in the output folder.

    Args:
        config: What to run and where to put the results.
        from_node: Start with this node and take what it needs from an earlier run.
        to_node: End with this node.
        cache: Take over the results of nodes that ran before on the same inputs.

    Returns:
        What came out of it.

    Raises:
        RunError: If a node failed, another run uses the same output folder or it cannot be one,
            another program has locked the database in it, or nobody answers at the `job_endpoint`
            of `beam.options`.
        UsageError: For an unknown node, one that the configuration leaves out, or an option of
            Beam that there is not, for Dataflow, which does not see this
            machine's files, or for a partial run without an earlier run to build on.

    Example:
        >>> from reviewlens.pipeline import load_config, run
        >>> result = run(load_config("configs/amazon-snippets.yaml"))
        >>> result.summary["metrics"]["test"]["macro_f1"] > 0.5
        True
    """
    graph = graph_of(config)
    check_nodes(from_node, to_node, node_ids(graph.nodes), graph.left_out(config))
    check_runs_here(config.beam)
    return run_pipeline(
        functools.partial(graph.build, config, cache=cache),
        config.output,
        from_node=from_node,
        to_node=to_node,
        nodes=graph.nodes,
        config=plain_config(config),
        mlflow=config.tracking.mlflow,
    )


def run_pipeline(
    build: Callable[[], Pipeline],
    output: str,
    *,
    from_node: str | None = None,
    to_node: str | None = None,
    nodes: Sequence[Node] = REVIEW_NODES,
    config: Mapping[str, Any] | None = None,
    mlflow: str | None = None,
) -> RunResult:
    """Runs any TFX pipeline whose metadata is an SQLite file; `run` for other graphs.

    Args:
        build: Makes the pipeline; is called after stdout and stderr have been redirected.
        output: Folder of the lock, the log and the summary.
        from_node: See `run`.
        to_node: See `run`.
        nodes: What is known of the nodes; there may be others in the pipeline, of which nothing
            is shown but how they go, and more than it has.
        config: What the summary shall say that the pipeline was made of, as plain values.
        mlflow: Address or folder of the MLflow that is told of a run which went through.

    Returns:
        What came out of it.

    Raises:
        RunError: See `run`.
        UsageError: See `run`.
    """
    start = _Start()
    prepare_environment()
    limit_arenas()
    check_output(output)
    with locked(output):
        log = os.path.join(output, LOG)
        with captured_output(log) as terminal, open_display(terminal) as display, _bare_argv():
            try:
                with notifying_to(display.notify):
                    pipeline = build()
                with _frozen():
                    result = _run(
                        pipeline, output, from_node, to_node, display, nodes, start, config
                    )
                    if mlflow:
                        track(mlflow, output, result.summary, display.notify)
                    return result
            except UsageError:
                raise
            except Exception as exception:
                traceback.print_exc()
                error = explain(exception)
                raise type(error)(f"{error}\ndetails are in {log}") from exception


class _Start:
    """When a run began."""

    def __init__(self):
        self._utc = datetime.datetime.now(datetime.timezone.utc)
        self._clock = time.monotonic()

    def told_of(self, run_id: str) -> dict[str, Any]:
        """What its summary says of a run that ends now."""
        return {
            "id": run_id,
            "started": self._utc.isoformat(timespec="seconds"),
            "seconds": round(time.monotonic() - self._clock, 3),
        }


def _run(
    pipeline: Pipeline,
    output: str,
    from_node: str | None,
    to_node: str | None,
    display: Display,
    nodes: Sequence[Node],
    start: _Start,
    config: Mapping[str, Any] | None,
) -> RunResult:
    from absl import logging
    from tfx.orchestration.pipeline import RunOptions

    from ..records import RunRecords
    from ..report.history import keep_summary
    from ..report.html.facts import facts_of_records
    from ..report.html.page import REPORT, write_report
    from ..report.summary import make_summary
    from .dag_runner import ObservedDagRunner, resolvers_feeding
    from .integrity import DamageFound, Manifests, invalidate, invalidate_damaged, remove_leftovers
    from .metadata_file import set_aside_unreadable

    logging.set_verbosity(logging.INFO)
    root = pipeline.pipeline_info.pipeline_root
    check_nodes(from_node, to_node, tuple(component.id for component in pipeline.components))
    connection = pipeline.metadata_connection_config
    if notice := set_aside_unreadable(connection.sqlite.filename_uri, root):
        display.notify(notice)
    records = RunRecords(connection, pipeline.pipeline_info.pipeline_name)
    remove_leftovers(records, root)
    for notice in invalidate_damaged(records, root):
        display.notify(notice)

    options = None
    if from_node or to_node:
        options = RunOptions(
            from_nodes=[from_node, *resolvers_feeding(pipeline, from_node)] if from_node else None,
            to_nodes=[to_node] if to_node else None,
        )
    while True:
        runner = ObservedDagRunner(records, Manifests(root), display, nodes)
        try:
            runner.run(pipeline, options)
            break
        except DamageFound as found:
            # ML Metadata has taken the damaged artifact for the result of its node. A new run
            # takes all before it from the cache again and makes this one anew.
            for notice in invalidate(records, root, found.damage):
                display.notify(notice)

    seconds = {
        node: round(progress.seconds, 3)
        for node, progress in runner.nodes.items()
        if progress.state.value != "left out"
    }
    made = records.nodes_of_run(runner.run_id)
    memory = {
        node: round(progress.memory / 1e6)
        for node, progress in runner.nodes.items()
        if progress.memory is not None and progress.state.value != "cached"
    }
    told = start.told_of(runner.run_id)
    summary = make_summary(made, seconds, nodes, memory, run=told, config=config)
    keep_summary(summary, output)
    try:
        write_report(facts_of_records(output, summary, made), os.path.join(output, REPORT))
    except Exception as error:
        # What a run has made does not hang on whether it can be shown.
        traceback.print_exc()
        display.notify(f"{REPORT} could not be written: {error}")
    states = {node: progress.state.value for node, progress in runner.nodes.items()}
    return RunResult(runner.run_id, states, seconds, summary, output)


@contextlib.contextmanager
def _bare_argv() -> Iterator[None]:
    """Hides our own arguments: TFX and Beam read `sys.argv` as flags of theirs."""
    arguments, sys.argv = sys.argv, sys.argv[:1]
    try:
        yield
    finally:
        sys.argv = arguments


@contextlib.contextmanager
def _frozen() -> Iterator[None]:
    """Spares the collections that come what is there already: the modules, for the most part."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
