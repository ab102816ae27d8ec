"""How long each node of a run took, and how much memory."""

from __future__ import annotations

from ....nodes.pretraining_nodes import PRETRAINING_NODES
from ....nodes.review_nodes import REVIEW_NODES
from .. import plots
from ..blocks import Block, Cell, Figure, Section, Table, of_summary
from ..facts import RunFacts
from ..words import duration, megabytes


def nodes(facts: RunFacts) -> Section | None:
    """Says what each node did, how long that took and how much memory was in use meanwhile."""
    summary = facts.summary
    timings, memory = summary.get("timings") or {}, summary.get("memory") or {}
    if not timings:
        return None
    does = {node.id: node.does for node in (*REVIEW_NODES, *PRETRAINING_NODES)}
    cached = set(summary.get("cached") or ())
    rows = tuple(
        (
            node,
            Cell(does.get(node, ""), tone="quiet"),
            Cell("from an earlier run", tone="quiet")
            if node in cached
            else of_summary(summary, f"timings.{node}", duration),
            of_summary(summary, f"memory.{node}", megabytes),
        )
        for node in timings
    )
    blocks: list[Block] = []
    slowest = max(timings, key=timings.__getitem__)
    blocks.append(
        Figure(
            plots.flat_bars(list(timings), list(timings.values()), "seconds"),
            "Seconds of each node.",
            f"Bars of seconds by node; the longest is {slowest}, {duration(timings[slowest])}.",
        )
    )
    if memory:
        most = max(memory, key=memory.__getitem__)
        blocks.append(
            Figure(
                plots.flat_bars(list(memory), list(memory.values()), "MB"),
                "The most memory that the run had in use while each node ran.",
                f"Bars of MB by node; the most is {most}, {megabytes(memory[most])}.",
            )
        )
    blocks.append(Table(("node", "what it does", "time", "peak memory"), rows))
    return Section("nodes", "Time and memory", tuple(blocks))
