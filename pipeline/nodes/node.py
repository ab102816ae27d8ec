"""What is known of a node, beside where it stands in its graph."""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal

from ...components.task_registry import TASKS as OF_NODES
from ...errors import UsageError
from ...models.tasks.registry import TASKS as OF_MODELS
from ...serving.tasks.predictions import FIRST_TASK
from ...serving.tasks.registry import TASKS as OF_SERVING
from ..fingerprint import PACKAGE, code_fingerprint
from ..nearest import nearest

_FLOORS = {"components": OF_NODES, "serving": OF_SERVING, "models": OF_MODELS}


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
        parted = (module.partition(".") for module in self.task)
        modules = [f"{_FLOORS[floor].package(task)}.{name}" for floor, _, name in parted]
        code = [*self.code, *(name for name in modules if name.startswith(f"{PACKAGE}."))]
        return code_fingerprint(*code, libraries=self.libraries)


def node_ids(nodes: Iterable[Node]) -> tuple[str, ...]:
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
    nodes: tuple[str, ...],
    missing: Mapping[str, str] | None = None,
) -> None:
    """Makes sure that a partial run names nodes that there are, in their order.

    Args:
        from_node: Where the run starts, or None for the beginning.
        to_node: Where it ends, or None for the end.
        nodes: Ids of all nodes in the order in which they run.
        missing: Those of them that the graph does not have, with the reason.

    Raises:
        UsageError: For an unknown node, for one that the graph does not have, and if `to_node`
            runs before `from_node`.
    """
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
