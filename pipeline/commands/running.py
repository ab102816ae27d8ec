"""What the commands that run a graph on this machine have in common."""

from __future__ import annotations

import argparse
import textwrap
from typing import Any

from ..graphs import Graph
from ..interrupts import ending_promptly
from ..nodes import check_nodes, node_ids
from .arguments import add_config, checked_config, new_parser

# What a command ends with if all went well but for what was judged.
REFUSED = 3


def make_run_parser(graph: Graph[Any], description: str, examples: str) -> argparse.ArgumentParser:
    """Returns the parser of a command that runs a graph.

    Args:
        graph: What it runs.
        description: What that does.
        examples: Of the command, a line each.
    """
    ids = textwrap.fill(", ".join(node_ids(graph.nodes)), 86, break_on_hyphens=False)
    exit_codes = f"""\
exit codes:
  0    all went well
  1    the run failed
  2    wrong usage
  {REFUSED}    the run went through, but the {graph.config.RESULT} was refused and not pushed
  130  interrupted
"""
    parser = new_parser(
        graph.config.COMMAND,
        description,
        f"{examples}\nnodes:\n{textwrap.indent(ids, '  ')}\n\n{exit_codes}",
    )
    add_config(parser)
    parser.add_argument(
        "--from", dest="from_node", metavar="NODE", help="start here, with what the last run left"
    )
    parser.add_argument("--to", dest="to_node", metavar="NODE", help="end with this node")
    parser.add_argument("--no-cache", action="store_true", help="make everything anew")
    return parser


def execute_run(arguments: argparse.Namespace, graph: Graph[Any]) -> int:
    """Runs a graph and prints what came out of it.

    Args:
        arguments: Of a parser that `make_run_parser` made.
        graph: What is run; a configuration of another one is refused.

    Returns:
        0, or 3 where something was judged and refused.
    """
    check_nodes(arguments.from_node, arguments.to_node, node_ids(graph.nodes))
    config = checked_config(arguments, graph.config.COMMAND)
    from ..local.runner import run
    from ..report.table import render_report

    with ending_promptly("interrupted; the same command goes on from here"):
        result = run(
            config,
            from_node=arguments.from_node,
            to_node=arguments.to_node,
            cache=not arguments.no_cache,
        )
    print(render_report(result.summary, result.output, graph))
    return REFUSED if result.refused else 0
