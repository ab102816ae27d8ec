"""`reviewlens report`: what a run says, as a page."""

from __future__ import annotations

import argparse
import os

from .arguments import add_past_run, new_parser

SUMMARY = "write the report of a run that is over, as a page for a browser"

_EXAMPLES = """\
  reviewlens report runs/amazon-snippets
  reviewlens report runs/amazon-snippets --run 2026-11-28T09:12:33.123456
  reviewlens report runs/amazon-snippets --output amazon.html
"""


def make_parser() -> argparse.ArgumentParser:
    """Returns the parser of this command's arguments."""
    parser = new_parser(
        "report",
        "Write the report of a run anew, from its summary and from what its nodes have left; "
        "nothing is run. Every run has written its own when it ended.",
        _EXAMPLES,
    )
    add_past_run(parser)
    parser.add_argument(
        "--output",
        metavar="FILE",
        help="where to write it (default: OUTPUT/report.html, or that of the run's own folder)",
    )
    return parser


def execute(arguments: argparse.Namespace) -> int:
    """Writes the page and prints where it is."""
    from ..output import RUNS
    from ..report.html.facts import facts_of
    from ..report.html.page import REPORT, write_report

    facts = facts_of(arguments.folder, arguments.run)
    own = (RUNS, arguments.run) if arguments.run else ()
    path = arguments.output or os.path.join(arguments.folder, *own, REPORT)
    write_report(facts, path)
    print(path)
    return 0
