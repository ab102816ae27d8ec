"""Arguments that say how the rows of a file are written."""

from __future__ import annotations

import argparse

from ...errors import UsageError
from ...files import FORMATS, Dialect


def add_dialect(parser: argparse.ArgumentParser) -> None:
    """Adds what is said of a file in place of what is found out by looking into it.

    Args:
        parser: Receives `--format` and the attributes of a `Dialect`.
    """
    group = parser.add_argument_group("how the file is written; found out where it is not said")
    group.add_argument(
        "--format",
        metavar="NAME",
        default="auto",
        choices=["auto", *FORMATS],
        help="such as csv; default: by the ending",
    )
    group.add_argument("--encoding", metavar="NAME", help="of the text, such as cp1252")
    group.add_argument("--delimiter", metavar="C", help="between two fields of a row, such as ;")
    group.add_argument("--decimal", metavar="C", help="of numbers, . or ,")
    group.add_argument("--sheet", metavar="NAME", help="of a workbook")
    group.add_argument(
        "--header_row", metavar="N", type=int, help="row that names the columns, from 1"
    )


def dialect_of(arguments: argparse.Namespace) -> Dialect:
    """Reads what `add_dialect` has added.

    Args:
        arguments: Of the command.

    Raises:
        UsageError: One of them is no such thing.
    """
    dialect = Dialect(
        arguments.encoding,
        arguments.delimiter,
        arguments.decimal,
        arguments.sheet,
        arguments.header_row,
    )
    for name, problem in dialect.problems():
        raise UsageError(f"--{name} {problem}")
    return dialect
