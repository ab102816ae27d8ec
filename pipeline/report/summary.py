"""`summary.json`: what came out of a run, for other programs."""

from __future__ import annotations

import importlib.metadata
import json
import platform
from collections.abc import Iterable, Mapping
from typing import Any

from ... import __version__
from ...files.whole_file import whole_file
from ..nodes import Node, load
from ..nodes.review_nodes import REVIEW_NODES
from ..records import NodeRecord

_PACKAGES = ("tensorflow", "keras", "tensorflow-text", "tfx", "apache-beam")


def make_summary(
    records: Mapping[str, NodeRecord],
    seconds: Mapping[str, float],
    nodes: Iterable[Node] = REVIEW_NODES,
    memory: Mapping[str, int] | None = None,
    *,
    run: Mapping[str, Any] | None = None,
    config: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Collects the facts of a run from what its nodes have recorded.

    A part whose node did not run is None.

    Args:
        records: Node id -> its execution.
        seconds: Node id -> how long it took.
        nodes: The table of nodes, which says what each contributes.
        memory: Node id -> MB that the run took at most while it ran; not of cached nodes.
        run: Its `id`, when it `started` (UTC, as ISO 8601 has it) and how many `seconds` it took.
        config: What it was configured with, see `plain_config`; None where that is not known.

    Returns:
        JSON values; the keys are always the same and in the same order, those that only a node
        of another table contributes at the end.
    """
    summary: dict[str, Any] = {
        "data": None,
        "metrics": {"test": None, "baseline": None, "ngram_baseline": None},
        "training": None,
        "timings": dict(seconds),
        "memory": dict(memory or {}),
        "cached": [node for node in seconds if records[node].cached],
        "encoder": None,
        "blessed": None,
        "serving_validated": None,
        "refused_because": [],
        "pushed_to": None,
        "versions": _versions(),
        "run": run,
        "config": config,
    }
    for node in nodes:
        if node.summary and node.id in records:
            _merge(summary, load(node.summary)(records[node.id]))
    return summary


def write_summary(summary: Mapping[str, Any], path: str) -> None:
    """Writes a summary, whole or not at all.

    Args:
        summary: As `make_summary` gives it.
        path: Of the file.

    Raises:
        RunError: If it cannot be written.
    """
    with whole_file(path) as file:
        json.dump(summary, file, indent=2, ensure_ascii=False)
        file.write("\n")


def _merge(summary: dict[str, Any], contribution: Mapping[str, Any]) -> None:
    """Adds what a node contributes: to mappings and lists that are there, more of them."""
    for key, value in contribution.items():
        former = summary.get(key)
        if isinstance(former, dict) and isinstance(value, dict):
            summary[key] = former | value
        elif isinstance(former, list) and isinstance(value, list):
            summary[key] = former + value
        else:
            summary[key] = value


def _versions() -> dict[str, str]:
    installed = {package: importlib.metadata.version(package) for package in _PACKAGES}
    return {"reviewlens": __version__, "python": platform.python_version()} | installed
