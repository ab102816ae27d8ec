"""`reviewlens schema`: what an editor has to know of a configuration."""

from __future__ import annotations

import argparse

from ...files import whole_file
from ..config.schema import schema_text
from .arguments import new_parser

SUMMARY = "print the JSON Schema of a configuration, for editors"

_EXAMPLES = """\
  reviewlens schema --output reviewlens.schema.json
  reviewlens schema | jq '."$defs".TrainingSettings.properties.epochs'

An editor with YAML's language server completes, explains and checks the keys of a file that
begins with the line

  # yaml-language-server: $schema=reviewlens.schema.json
"""


def make_parser() -> argparse.ArgumentParser:
    """Returns the parser of this command's arguments."""
    parser = new_parser(
        "schema",
        "Print the JSON Schema (draft 2020-12) of a configuration: all keys with their types, "
        "defaults and meaning. `reviewlens init` writes it beside the configuration.",
        _EXAMPLES,
    )
    parser.add_argument("--output", metavar="FILE.json", help="write it there; else it is printed")
    return parser


def execute(arguments: argparse.Namespace) -> int:
    """Prints or writes the schema."""
    if not arguments.output:
        print(schema_text(), end="")
        return 0
    with whole_file(arguments.output) as file:
        file.write(schema_text())
    return 0
