"""The tables of nodes, one a graph, and what is known of each node."""

from .node import Node, check_nodes, load, node_ids

__all__ = ["Node", "check_nodes", "load", "node_ids"]
