"""Tables in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Prints a table whose first column is aligned to the left, and the others to the right."""
    print(f"| {' | '.join(columns)} |")
    print("|---" + "|---:" * (len(columns) - 1) + "|")
    for row in rows:
        print(f"| {' | '.join(row)} |", flush=True)
