"""`reviewlens validate`: what is wrong in a configuration, and in the files that it names."""

from __future__ import annotations

import argparse
import dataclasses
import os
import typing
from typing import Any

from ...components.review_example_gen.settings import DataSettings
from ...components.task_registry import TASKS
from ...errors import RunError, UsageError
from ...files import Dialect
from ...models.encoders.sources.folder import missing
from ...models.encoders.sources.installed import InstalledPackage
from ...models.encoders.sources.registry import find_source
from ..config import ReadConfig, read_config
from ..inspecting.checking import check_files
from ..output import check_output
from .arguments import add_config, new_parser

SUMMARY = "tell all problems of a configuration and its files at once"

_EXAMPLES = """\
  reviewlens validate configs/amazon-snippets.yaml
  reviewlens validate my.yaml training.epochs=3 data.input=reviews.csv
"""
# What says how rows are read: where it is wrong, the columns cannot be looked at.
_OF_READING = ("derived", "format", *(field.name for field in dataclasses.fields(Dialect)))


def make_parser() -> argparse.ArgumentParser:
    """Returns the parser of this command's arguments."""
    parser = new_parser(
        "validate",
        "Check a configuration without running it: unknown keys, wrong types, values out of "
        "range, whether there are files of reviews where it says, with the columns that it "
        "names, whether their first 20,000 rows can be used, and whether the encoder is there.",
        _EXAMPLES,
    )
    add_config(parser)
    return parser


def execute(arguments: argparse.Namespace) -> int:
    """Prints what was looked at, or raises with all problems."""
    read = read_config(arguments.config, arguments.overrides)
    usage = len(read.problems)
    _check_places(read)
    lines = _check_data(read)
    if read.problems:
        raise (UsageError if usage else RunError)(read.told())
    assert read.config is not None
    for line in lines:
        print(line)
    command, output = read.config.COMMAND, read.config.output
    print(f"{arguments.config}: ok; `reviewlens {command}` writes to {output}")
    return 0


def _check_places(read: ReadConfig) -> None:
    """Notes what is not where the configuration says, but for the files of reviews."""
    values = read.values.get("", {})
    if "output" in values:
        try:
            check_output(values["output"])
        except RunError as error:
            read.note("output", str(error))
    encoder = values.get("encoder", read.kind.encoder)
    if isinstance(encoder, str) and "encoder" not in read.wrong:
        source = find_source(encoder)
        if source.is_path and not os.path.exists(os.path.expanduser(encoder)):
            read.note("encoder", missing(encoder))
        elif isinstance(source, InstalledPackage):
            try:
                source.fingerprint()
            except RunError as error:
                read.note("encoder", str(error))


def _check_data(read: ReadConfig) -> list[str]:
    """Notes what is wrong with the files; returns what else is to be known of them."""
    settings = _data_of(read)
    if settings is None:
        return []
    task = read.values[""].get("task", read.kind.task)
    wrong = [key for key in read.wrong if key.partition(".")[0] in ("data", "task")]
    checked = check_files(settings, None if wrong or task not in TASKS else task)
    for key, problem in checked.problems:
        read.note(f"data.{key}", problem)
    return checked.lines


def _data_of(read: ReadConfig) -> DataSettings | None:
    """The section `data` without what is wrong with it; None where no file can be read by it."""
    values = read.values.get("data", {})
    wrong = {key.split(".")[1] for key in read.wrong if key.startswith("data.")}
    if "input" not in values or "input" in wrong or wrong.intersection(_OF_READING):
        return None
    kind: type[Any] = typing.get_type_hints(read.kind)["data"]
    right = {key: value for key, value in values.items() if key not in wrong}
    settings: DataSettings = kind(**{"text": (), **right})
    return settings
