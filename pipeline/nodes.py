"""The nodes of the pipeline: what is known of each, beside where it stands in the graph.

One table, from which `--from` and `--to`, the display, the cache keys, the settings on Kubeflow,
the summary and the report derive. It imports nothing heavy, so that a wrong `--from` is told before
TFX is imported: functions are named here, and loaded when they are called.
"""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal

from ..components.task_registry import TASKS as OF_NODES
from ..errors import UsageError
from ..models.tasks.registry import TASKS as OF_MODELS
from ..serving.tasks.predictions import FIRST_TASK
from ..serving.tasks.registry import TASKS as OF_SERVING
from .fingerprint import PACKAGE, code_fingerprint
from .nearest import nearest

_FLOORS = {"components": OF_NODES, "serving": OF_SERVING, "models": OF_MODELS}
_TENSORFLOW = ("tensorflow", "tensorflow-text")
_KERAS = (*_TENSORFLOW, "keras", "numpy")


@dataclasses.dataclass(frozen=True)
class Node:
    """What is known of a node.

    Attributes:
        id: By which the graph, the command line and the configuration call it.
        does: What it does, in the words that a person reads while it runs.
        code: Modules of this package that it computes with, see `code_fingerprint`.
        task: Modules of the task that it computes with, each as floor and name, such as
            `components.examples`.
        libraries: Installed distributions whose versions decide what it gives.
        cached: Whether Kubeflow may take over its results. What lies outside the inputs of a
            node no cache sees change: then `on request` or `never`.
        asks_store: Whether it follows an address among its parameters to the object store.
        summary: `MODULE:FUNCTION` of what it contributes to `summary.json`. The function takes
            the `NodeRecord` of its execution and gives keys with values, which are merged.
        report: `MODULE:FUNCTION` of what it contributes to the report of a run. The function
            takes the summary and gives lines, none if there is nothing to say.
    """

    id: str
    does: str
    code: tuple[str, ...] = ()
    task: tuple[str, ...] = ()
    libraries: tuple[str, ...] = ()
    cached: Literal["always", "on request", "never"] = "always"
    asks_store: bool = False
    summary: str | None = None
    report: str | None = None

    def fingerprint(self, task: str = FIRST_TASK) -> str:
        """Hashes the code and the libraries, as part of the node's cache key.

        Args:
            task: Name of the task, whose code counts as well, unless it is not of this package.
        """
        floors = {name: _FLOORS[name].package(task) for name in _FLOORS}
        modules = [floors[floor] + "." + name for floor, name in map(_parted, self.task)]
        code = [*self.code, *(name for name in modules if name.startswith(f"{PACKAGE}."))]
        return code_fingerprint(*code, libraries=self.libraries)


def _parted(module: str) -> tuple[str, str]:
    floor, _, name = module.partition(".")
    return floor, name


_SUMMARY = "reviewlens.pipeline.report.contributions"
_REPORT = "reviewlens.pipeline.report.lines"

# In the order in which they run.
NODES = (
    Node(
        "review-example-gen",
        "reads the reviews",
        code=("reviewlens.components.review_example_gen",),
        libraries=("apache-beam", "pyarrow"),
        task=("components.data", "components.examples"),
        cached="on request",
        asks_store=True,
        summary=f"{_SUMMARY}:data",
        report=f"{_REPORT}:data",
    ),
    Node(
        "encoder-fetcher",
        "fetches the encoder",
        code=("reviewlens.components.encoder_fetcher",),
        summary=f"{_SUMMARY}:encoder",
    ),
    Node("statistics-gen", "counts what is in the columns"),
    Node("schema-gen", "derives the schema", code=("reviewlens.components.schema_importer",)),
    Node("example-validator", "compares the data with the schema"),
    Node(
        "encoder-validator",
        "asks whether the encoder can be served like that",
        code=("reviewlens.components.encoder_validator",),
        libraries=_KERAS,
    ),
    Node(
        "transform",
        "prepares the reviews for training",
        code=("reviewlens.components.transform",),
        task=("components.transform",),
        libraries=(*_TENSORFLOW, "tensorflow-transform", "apache-beam"),
    ),
    Node(
        "ngram-trainer",
        "trains the n-gram classifier",
        code=("reviewlens.components.ngram_trainer",),
        task=("models.task",),
        libraries=_KERAS,
        summary=f"{_SUMMARY}:ngram_training",
    ),
    Node(
        "trainer",
        "fine-tunes the encoder",
        code=("reviewlens.components.trainer",),
        task=("models.task",),
        libraries=_KERAS,
        summary=f"{_SUMMARY}:training",
        report=f"{_REPORT}:reading",
    ),
    Node(
        "exporter",
        "fits the decision and writes the model",
        code=("reviewlens.components.exporter",),
        task=("models.task", "serving.signatures", "serving.requests"),
        libraries=_KERAS,
        summary=f"{_SUMMARY}:export",
        report=f"{_REPORT}:wide",
    ),
    Node(
        "latest-blessed",
        "looks for the last blessed model",
        cached="never",
        asks_store=True,
    ),
    Node(
        "evaluator",
        "evaluates the model",
        code=("reviewlens.components.evaluator",),
        task=("components.data", "components.evaluation"),
        libraries=(*_TENSORFLOW, "tensorflow-model-analysis", "apache-beam"),
        summary=f"{_SUMMARY}:evaluation",
        report=f"{_REPORT}:metrics",
    ),
    Node(
        "serving-validator",
        "queries the model as a server would",
        code=("reviewlens.components.serving_validator",),
        task=("serving.requests",),
        libraries=_TENSORFLOW,
        summary=f"{_SUMMARY}:validation",
    ),
    Node(
        "pusher",
        "pushes the model",
        asks_store=True,
        summary=f"{_SUMMARY}:push",
        report=f"{_REPORT}:verdict",
    ),
)


def node_ids(nodes: Iterable[Node] = NODES) -> tuple[str, ...]:
    """Returns the ids of nodes, in their order."""
    return tuple(node.id for node in nodes)


def load(name: str) -> Callable[..., Any]:
    """Imports a function that a `Node` names.

    Args:
        name: `MODULE:FUNCTION`.

    Example:
        >>> load("json:dumps")([1])
        '[1]'
    """
    module, _, function = name.partition(":")
    return getattr(importlib.import_module(module), function)


def check_nodes(
    from_node: str | None,
    to_node: str | None,
    nodes: tuple[str, ...] | None = None,
    missing: Mapping[str, str] | None = None,
) -> None:
    """Makes sure that a partial run names nodes that there are, in their order.

    Args:
        from_node: Where the run starts, or None for the beginning.
        to_node: Where it ends, or None for the end.
        nodes: Ids of all nodes in the order in which they run; by default those of `NODES`.
        missing: Those of them that the graph does not have, with the reason.

    Raises:
        UsageError: For an unknown node, for one that the graph does not have, and if `to_node`
            runs before `from_node`.
    """
    nodes = node_ids() if nodes is None else nodes
    missing = missing or {}
    for flag, node in (("--from", from_node), ("--to", to_node)):
        if node is None:
            continue
        if node not in nodes:
            raise UsageError(f"{flag} {node}: unknown node; {nearest(node, nodes)}")
        if node in missing:
            there = ", ".join(each for each in nodes if each not in missing)
            raise UsageError(
                f"{flag} {node}: this run has no such node, as {missing[node]}; it has {there}"
            )
    if from_node and to_node and nodes.index(from_node) > nodes.index(to_node):
        raise UsageError(f"--to {to_node} runs before --from {from_node}; swap the two")
