"""`reviewlens init`: look at a file of reviews and write a configuration for it."""

from __future__ import annotations

import argparse
import os
import re
import shlex

from ...errors import UsageError
from ...files import FORMATS, whole_file
from ..config.schema import schema_text
from ..inspecting.choosing import Choice, choose
from ..inspecting.proposing import Proposal, propose
from ..inspecting.sampling import Sample, take_sample
from ..inspecting.writing import configuration_text
from .arguments import new_parser
from .rows import add_dialect, dialect_of

SUMMARY = "look at a file of reviews and write a configuration for it"
SCHEMA = "reviewlens.schema.json"

_EXAMPLES = """\
  reviewlens init reviews.csv
  reviewlens init export.csv --output shop.yaml --delimiter ';' --encoding cp1252
  reviewlens init answers.xlsx --text comment --label mood
"""
# What is shipped for files that hold no classes of whole texts.
_OTHER_TASKS = {"entities": "aspects", "answers": "questions"}


def make_parser() -> argparse.ArgumentParser:
    """Returns the parser of this command's arguments."""
    parser = new_parser(
        "init",
        "Look at the columns, types, lengths, ratings or labels, language and copies in the "
        "first 20,000 rows of a file, and write a configuration that says what each choice was "
        f"made for, with {SCHEMA} beside it for editors.",
        _EXAMPLES,
    )
    parser.add_argument("file", metavar="FILE", help="file, folder or glob of the reviews")
    parser.add_argument(
        "--output", metavar="FILE.yaml", help="the configuration; by default it is named as FILE is"
    )
    parser.add_argument("--force", action="store_true", help="write over a file that is there")
    parser.add_argument(
        "--text", metavar="COLUMN", action="append", help="column of the text; may be repeated"
    )
    said = parser.add_mutually_exclusive_group()
    said.add_argument("--rating", metavar="COLUMN", help="column of the rating, a number")
    said.add_argument("--label", metavar="COLUMN", help="column of ready-made classes")
    add_dialect(parser)
    return parser


def execute(arguments: argparse.Namespace) -> int:
    """Prints what was found and chosen, and writes the configuration."""
    name = _name_of(arguments.file)
    path = arguments.output or f"{name}.yaml"
    if os.path.exists(path) and not arguments.force:
        raise UsageError(f"init: {path} is there already; --output names another, --force replaces")
    dialect = dialect_of(arguments)
    sample = take_sample(arguments.file, arguments.format, dialect)
    said = arguments.rating or arguments.label
    if not said and (holds := _holds(sample)):
        raise UsageError(
            f"init: {arguments.file} has {holds} and no classes of whole texts; begin with "
            f"configs/{_OTHER_TASKS[holds]}.yaml, or name a column with --rating or --label"
        )
    choice = choose(sample, arguments.text or (), arguments.rating, arguments.label)
    proposal = propose(arguments.file, arguments.format, dialect, sample, choice)
    for line in _told(sample, choice, proposal):
        print(line)
    command = f"reviewlens init {shlex.quote(arguments.file)}"
    folder = os.path.dirname(path)
    text = configuration_text(
        proposal, name, command, shlex.quote(path), SCHEMA, sample.files[0].dialect
    )
    with whole_file(path) as file:
        file.write(text)
    with whole_file(os.path.join(folder, SCHEMA)) as file:
        file.write(schema_text())
    print(f"\nwrote {path}, and {SCHEMA} for editors; next:")
    print(f"  reviewlens validate {shlex.quote(path)}")
    print(f"  reviewlens run {shlex.quote(path)}")
    return 0


def _holds(sample: Sample) -> str:
    """What the rows have that is for another task than the classes of whole texts."""
    names = {column.name for column in sample.columns}
    # Those of SQuAD's files, whatever they end in.
    asked = "answers" if names >= {"question", "answers"} else ""
    return FORMATS[sample.files[0].format].holds or asked


def _name_of(source: str) -> str:
    """A name for the pipeline, from that of the file without its endings."""
    base = os.path.basename(source.rstrip("/")).partition(".")[0]
    return re.sub(r"[^A-Za-z0-9]+", "-", base).strip("-") or "reviews"


def _told(sample: Sample, choice: Choice, proposal: Proposal) -> list[str]:
    settings, why = proposal.settings, proposal.why
    rows = f"{len(sample.rows):,} rows" if sample.whole else f"the first {len(sample.rows):,} rows"
    names = ", ".join(column.name for column in sample.columns)
    lines = [*sample.lines, f"looked at {rows} with the columns {names}", ""]
    chosen = {
        "text": ", ".join(settings.text),
        "rating": settings.rating,
        "label": settings.label,
        "classes": "; ".join(
            f"{name} {', '.join(map(str, of))}" if of else name
            for name, of in settings.classes.items()
        )
        or "those of the column",
        "id": settings.id,
        "group": settings.group or ("none" if "group" in why else None),
        "slices": ", ".join(settings.slices),
        "max_reject_fraction": (
            f"{settings.max_reject_fraction:g}" if "max_reject_fraction" in why else None
        ),
    }
    for key, value in chosen.items():
        if value:
            lines.append(f"{key:8} {value}" + (f" ({why[key]})" if key in why else ""))
    lines += [*proposal.lines]
    if proposal.algorithm == "ngrams":
        lines.append(
            "model    word n-grams: the encoder that comes with this package has read English, "
            f"not {proposal.language}"
        )
    else:
        lines.append("model    the encoder minilm-l6, fine-tuned")
    checked = proposal.checked
    lines += [f"rows     {line}" for line in checked.lines if line not in sample.lines]
    lines += [f"PROBLEM  {problem}" for _, problem in checked.problems]
    return lines
