"""`reviewlens run`: the whole pipeline, on this machine."""

from __future__ import annotations

import argparse
import textwrap

from ..interrupts import ending_promptly
from ..nodes import check_nodes, node_ids
from ..nodes.review_nodes import REVIEW_NODES
from .arguments import add_config, checked_config, new_parser

# What the command ends with if all went well but for the model.
REFUSED = 3

SUMMARY = "run the pipeline of a configuration on this machine"

_EXAMPLES = """\
  reviewlens run configs/amazon-snippets.yaml
  reviewlens run configs/womens-clothing.yaml data.input=reviews.csv training.epochs=1
  reviewlens run my.yaml model.algorithm=ngrams
  reviewlens run my.yaml --from trainer
"""
_EXIT_CODES = """\
exit codes:
  0    all went well
  1    the run failed
  2    wrong usage
  3    the run went through, but the model was refused and not pushed
  130  interrupted
"""


def make_parser() -> argparse.ArgumentParser:
    """Returns the parser of this command's arguments."""
    nodes = textwrap.indent(textwrap.fill(", ".join(node_ids(REVIEW_NODES)), 86), "  ")
    parser = new_parser(
        "run",
        "Run the pipeline of a configuration: ingest, validate, tokenize, fine-tune, evaluate, "
        "export and push. What was made before from the same data, encoder, code and settings "
        "is taken over. Results are under the configuration's `output`.",
        f"{_EXAMPLES}\nnodes:\n{nodes}\n\n{_EXIT_CODES}",
    )
    add_config(parser)
    parser.add_argument(
        "--from", dest="from_node", metavar="NODE", help="start here, with what the last run left"
    )
    parser.add_argument("--to", dest="to_node", metavar="NODE", help="end with this node")
    parser.add_argument("--no-cache", action="store_true", help="make everything anew")
    return parser


def execute(arguments: argparse.Namespace) -> int:
    """Runs the pipeline and prints what came out of it.

    Returns:
        0, or 3 where a model was judged and refused.
    """
    check_nodes(arguments.from_node, arguments.to_node, node_ids(REVIEW_NODES))
    config = checked_config(arguments)
    from ..local.runner import run
    from ..report.table import render_report

    with ending_promptly("interrupted; the same command goes on from here"):
        result = run(
            config,
            from_node=arguments.from_node,
            to_node=arguments.to_node,
            cache=not arguments.no_cache,
        )
    print(render_report(result.summary, result.output))
    return REFUSED if result.refused else 0
