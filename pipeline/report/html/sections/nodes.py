"""How long each node of a run took, and how much memory."""

from __future__ import annotations

from ....nodes.pretraining_nodes import PRETRAINING_NODES
from ....nodes.review_nodes import REVIEW_NODES
from ..blocks import Block, Cell, Section, Table, of_summary
from ..facts import RunFacts
from ..words import duration, megabytes
from .bars import bars_of


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
    slowest = "Bars of seconds by node; the longest is"
    blocks: list[Block] = [bars_of(timings, "seconds", "Seconds of each node.", slowest, duration)]
    if memory:
        caption = "The most memory that the run had in use while each node ran."
        blocks.append(bars_of(memory, "MB", caption, "Bars of MB by node; the most is", megabytes))
    blocks.append(Table(("node", "what it does", "time", "peak memory"), rows))
    return Section("nodes", "Time and memory", tuple(blocks))
