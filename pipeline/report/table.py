"""What a run tells a person at its end."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from typing import Any

from ..nodes import NODES, Node, load
from .lines import report_of


def render_report(summary: Mapping[str, Any], output: str, nodes: Iterable[Node] = NODES) -> str:
    """Writes the facts of a run as a few lines of text.

    Args:
        summary: Of a run that succeeded, whole or partial.
        output: Folder of its results.
        nodes: The table of nodes, which says what each contributes.

    Returns:
        Lines without a final line end.
    """
    parts = [load(node.report)(summary) for node in nodes if node.report]
    lines = [line for part in parts if part for line in ("", *part)]
    lines += ["", f"summary  {output}/summary.json"]
    if summary["pushed_to"]:
        lines += ["", "Try it:", f"  {_predict_command(summary)}"]
    return "\n".join(lines)


def _predict_command(summary: Mapping[str, Any]) -> str:
    arguments = getattr(report_of(summary), "EXAMPLE", ("Fits well and looks great.",))
    example = " ".join(f'"{each}"' if " " in each else each for each in arguments)
    return f"reviewlens predict --model {shlex.quote(summary['pushed_to'])} {example}"
