"""`reviewlens encoders`: the catalog of pretrained text encoders."""

from __future__ import annotations

import argparse
import dataclasses
import os

from ...errors import RunError, UsageError
from ..nearest import nearest
from .arguments import new_parser

SUMMARY = "list, show or fetch pretrained text encoders"

_EXAMPLES = """\
  reviewlens encoders
  reviewlens encoders show minilm-l6
  reviewlens encoders fetch minilm-l6 --output encoders/minilm-l6
"""


def make_parser() -> argparse.ArgumentParser:
    """Returns the parser of this command's arguments."""
    parser = new_parser("encoders", "The catalog of pretrained text encoders.", _EXAMPLES)
    parser.add_argument(
        "action", nargs="?", choices=["list", "show", "fetch"], default="list", help="default: list"
    )
    parser.add_argument(
        "name", nargs="?", metavar="NAME", help="of the catalog; fetch also takes a handle or path"
    )
    parser.add_argument(
        "--output", metavar="DIR", help="where fetch writes the SavedModel; default: ./NAME"
    )
    return parser


def execute(arguments: argparse.Namespace) -> int:
    """Prints a part of the catalog, or fetches an encoder."""
    if arguments.action == "list":
        _list()
        return 0
    if not arguments.name:
        raise UsageError(
            f"encoders {arguments.action}: needs the NAME of an encoder, such as minilm-l6"
        )
    if arguments.action == "show":
        _show(arguments.name)
    else:
        _fetch(arguments.name, arguments.output)
    return 0


def _list() -> None:
    from ...models.encoders.catalog import ENCODERS
    from .tables import new_table, print_table

    table = new_table("name", "parameters", "layers", "hidden", "vocabulary", "offline")
    for preset in ENCODERS.values():
        table.add_row(
            preset.name,
            f"{preset.parameters / 1e6:.1f} M",
            str(preset.layers),
            str(preset.hidden_size),
            preset.vocabulary,
            "yes" if preset.offline else "",
        )
    print_table(table)


def _show(name: str) -> None:
    from ...models.encoders.catalog import ENCODERS

    preset = ENCODERS.get(name)
    if preset is None:
        raise UsageError(
            f"{name}: unknown encoder; "
            + nearest(name, ENCODERS, otherwise="`reviewlens encoders` lists them")
        )
    facts = dataclasses.asdict(preset)
    width = max(map(len, facts))
    for key, value in facts.items():
        print(f"{key.replace('_', ' '):{width}}  {value}")


def _fetch(name: str, output: str | None) -> None:
    from ..capture import captured_output
    from ..environment import prepare_environment

    directory = output or os.path.basename(name.rstrip("/"))
    if os.path.exists(directory) and (not os.path.isdir(directory) or os.listdir(directory)):
        raise RunError(f"{directory}: is there already; choose another --output")
    prepare_environment()
    with captured_output(os.devnull):
        from ...models.encoders.sources.fetching import fetch_encoder

        record = fetch_encoder(name, directory)
    print(f"{directory}: {record.name}, {record.parameters:,} parameters, SHA-256 {record.sha256}")
