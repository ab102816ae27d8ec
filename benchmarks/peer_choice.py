"""Which of the peers take part in a run, and who was left out."""

from __future__ import annotations

import argparse
from collections.abc import Collection, Iterable


def add_peers(parser: argparse.ArgumentParser, names: Iterable[str]) -> None:
    """Adds `--peers`, whose value is a list of names.

    Args:
        parser: Of the script.
        names: Of all its peers, as they are in the table.
    """
    names = list(names)
    parser.add_argument(
        "--peers",
        nargs="*",
        default=names,
        choices=names,
        metavar="NAME",
        help="measure these only, or none if no name follows; all if left out: "
        + ", ".join(f'"{name}"' for name in names),
    )


def print_left_out(names: Iterable[str], chosen: Collection[str]) -> None:
    """Says below a table which peers are not in it."""
    if left_out := [name for name in names if name not in chosen]:
        print(f"\nLeft out: {'; '.join(left_out)}.", flush=True)
