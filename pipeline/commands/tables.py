"""Printing a table to whoever reads it."""

from __future__ import annotations

import sys

from rich.console import Console
from rich.table import Table

# Piped, each row keeps a line of its own, however long.
_WIDTH_OF_A_PIPE = 10_000


def new_table(*columns: str, gap: int = 2) -> Table:
    """Returns a plain table whose last column alone may wrap.

    Args:
        *columns: Their titles.
        gap: Spaces between two columns.
    """
    table = Table(box=None, pad_edge=False, padding=(0, gap, 0, 0), header_style="bold")
    *fixed, last = columns
    for title in fixed:
        table.add_column(title, no_wrap=True)
    table.add_column(last)
    return table


def print_table(table: Table) -> None:
    """Prints a table to stdout, as wide as the terminal."""
    Console(width=None if sys.stdout.isatty() else _WIDTH_OF_A_PIPE).print(table)
