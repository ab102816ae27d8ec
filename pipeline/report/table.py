"""What a run tells a person at its end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..graphs import REVIEWS, Graph
from ..nodes import load


def render_report(summary: Mapping[str, Any], output: str, graph: Graph[Any] = REVIEWS) -> str:
    """Writes the facts of a run as a few lines of text.

    Args:
        summary: Of a run that succeeded, whole or partial.
        output: Folder of its results.
        graph: Whose nodes say what each contributes.

    Returns:
        Lines without a final line end.
    """
    parts = [load(node.report)(summary) for node in graph.nodes if node.report]
    lines = [line for part in parts if part for line in ("", *part)]
    lines += ["", f"summary  {output}/summary.json", f"report   {output}/report.html"]
    if summary["pushed_to"]:
        commands = load(graph.next_steps)(summary)
        lines += ["", "Try it:", *(f"  {command}" for command in commands)]
    return "\n".join(lines)
