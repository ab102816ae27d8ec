"""`reviewlens validate`: what is wrong in a configuration."""

from __future__ import annotations

import argparse

from .arguments import add_config, checked_config, new_parser

SUMMARY = "tell all problems of a configuration at once"

_EXAMPLES = """\
  reviewlens validate configs/amazon-snippets.yaml
  reviewlens validate my.yaml training.epochs=3 data.input=reviews.csv
"""


def make_parser() -> argparse.ArgumentParser:
    """Returns the parser of this command's arguments."""
    parser = new_parser(
        "validate",
        "Check a configuration without running it: unknown keys, wrong types, values out of "
        "range, and whether there are files of reviews where it says.",
        _EXAMPLES,
    )
    add_config(parser)
    return parser


def execute(arguments: argparse.Namespace) -> int:
    """Prints that all is well, or raises with all problems."""
    config = checked_config(arguments)
    print(f"{arguments.config}: ok; `reviewlens {config.COMMAND}` writes to {config.output}")
    return 0
