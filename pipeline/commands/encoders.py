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
  reviewlens encoders list english apache
  reviewlens encoders show minilm-l6
  reviewlens encoders fetch minilm-l6 --output encoders/minilm-l6
  reviewlens encoders fetch hf://FacebookAI/roberta-base
"""


def make_parser() -> argparse.ArgumentParser:
    """Returns the parser of this command's arguments."""
    parser = new_parser("encoders", "The catalog of pretrained text encoders.", _EXAMPLES)
    parser.add_argument(
        "action", nargs="?", choices=["list", "show", "fetch"], default="list", help="default: list"
    )
    parser.add_argument(
        "words",
        nargs="*",
        metavar="TEXT",
        help="list: words to look for in name, description, architecture, languages and licence; "
        "show: a name of the catalog; fetch: that or whatever `encoder` of a configuration takes",
    )
    parser.add_argument(
        "--output", metavar="DIR", help="where fetch writes the encoder's files; default: ./NAME"
    )
    return parser


def execute(arguments: argparse.Namespace) -> int:
    """Prints a part of the catalog, or fetches an encoder."""
    if arguments.action == "list":
        _list(arguments.words)
        return 0
    if len(arguments.words) != 1:
        raise UsageError(
            f"encoders {arguments.action}: needs the NAME of an encoder, such as minilm-l6"
            + (", one at a time" if arguments.words else "")
        )
    (name,) = arguments.words
    if arguments.action == "show":
        _show(name)
    else:
        _fetch(name, arguments.output)
    return 0


def _list(words: list[str]) -> None:
    from ...models.encoders.catalog import search_encoders
    from .tables import new_table, print_table

    found = search_encoders(words)
    if not found:
        raise UsageError(f"encoders list: {_nothing_found(words)}")
    table = new_table(
        "name", "architecture", "parameters", "languages", "licence", "offline", gap=1
    )
    for preset in found:
        table.add_row(
            preset.name,
            preset.architecture,
            f"{preset.parameters / 1e6:.1f} M",
            # The column says that it is languages.
            preset.languages.removesuffix(" languages"),
            preset.licence,
            "yes" if preset.offline else "",
        )
    print_table(table)


def _nothing_found(words: list[str]) -> str:
    from ...models.encoders.catalog import known_words, search_encoders

    for word in words:
        if not search_encoders([word]):
            hint = nearest(word.lower(), known_words(), "`reviewlens encoders` lists them all")
            return f"no encoder has {word!r} in its name, description or facts; {hint}"
    return f"no encoder has all of {' '.join(words)}; leave out a word"


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

    directory = output or _folder_for(name)
    if os.path.exists(directory) and (not os.path.isdir(directory) or os.listdir(directory)):
        raise RunError(f"{directory}: is there already; choose another --output")
    prepare_environment()
    with captured_output(os.devnull):
        from ...models.encoders.sources.fetching import fetch_encoder

        record = fetch_encoder(name, directory)
    print(f"{directory}: {record.name}, {record.parameters:,} parameters, SHA-256 {record.sha256}")


def _folder_for(source: str) -> str:
    """The last part of a source, without its revision."""
    name = os.path.basename(source.rstrip("/"))
    return name.partition("@")[0] if source.startswith("hf://") else name
