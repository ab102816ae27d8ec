"""What a run was made with: versions, encoder and configuration."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..blocks import Block, Cell, Group, Section, Table, of_summary
from ..facts import RunFacts


def configuration(facts: RunFacts) -> Section:
    """Says what somebody needs to make the same again."""
    summary = facts.summary
    blocks: list[Block] = []
    if encoder := summary.get("encoder"):
        rows = tuple(
            (name, of_summary(summary, f"encoder.{name}", ",d" if name == "parameters" else ""))
            for name in encoder
            if encoder[name] is not None
        )
        blocks.append(Group("Encoder", (Table(("", ""), rows),)))
    if versions := summary.get("versions"):
        rows = tuple((name, Cell(str(version))) for name, version in versions.items())
        blocks.append(Group("Versions", (Table(("", ""), rows),)))
    if config := summary.get("config"):
        values = tuple((key, of_summary(summary, f"config.{key}", _told)) for key in _keys(config))
        blocks.append(Group("Configuration", (Table(("key", "value"), values),), folded=True))
    return Section("configuration", "Made with", tuple(blocks))


def _keys(values: dict[str, Any], before: str = "") -> Iterator[str]:
    for name, value in values.items():
        if isinstance(value, dict) and value:
            yield from _keys(value, f"{before}{name}.")
        elif value is not None:
            yield f"{before}{name}"


def _told(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_told, value))
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
