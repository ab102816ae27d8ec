"""The nodes of the pipeline by their ids, in the order in which they run.

A list beside the graph, so that a wrong `--from` is told before TFX is imported.
"""

from __future__ import annotations

from ..errors import UsageError
from .nearest import nearest

NODES = (
    "review-example-gen",
    "encoder-fetcher",
    "statistics-gen",
    "schema-gen",
    "example-validator",
    "transform",
    "trainer",
    "latest-blessed",
    "evaluator",
    "serving-validator",
    "pusher",
)


def check_nodes(from_node: str | None, to_node: str | None, nodes: tuple[str, ...] = NODES) -> None:
    """Makes sure that a partial run names nodes that there are, in their order.

    Args:
        from_node: Where the run starts, or None for the beginning.
        to_node: Where it ends, or None for the end.
        nodes: Ids of all nodes in the order in which they run.

    Raises:
        UsageError: For an unknown node, and if `to_node` runs before `from_node`.
    """
    for flag, node in (("--from", from_node), ("--to", to_node)):
        if node is not None and node not in nodes:
            raise UsageError(f"{flag} {node}: unknown node; {nearest(node, nodes)}")
    if from_node and to_node and nodes.index(from_node) > nodes.index(to_node):
        raise UsageError(f"--to {to_node} runs before --from {from_node}; swap the two")
