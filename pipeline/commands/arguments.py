"""What several commands take."""

from __future__ import annotations

import argparse
import textwrap

from ...components.input_files import list_files
from ...errors import RunError
from ..config import AnyConfig, load_config
from ..output import check_output


def new_parser(command: str, description: str, examples: str) -> argparse.ArgumentParser:
    """Returns a parser whose help ends in examples."""
    return argparse.ArgumentParser(
        prog=f"reviewlens {command}",
        description=textwrap.fill(description, 88),
        epilog=f"examples:\n{examples}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def add_config(parser: argparse.ArgumentParser) -> None:
    """Adds the configuration file and its overrides."""
    parser.add_argument("config", metavar="CONFIG.yaml", help="the configuration")
    parser.add_argument(
        "overrides",
        metavar="key=value",
        nargs="*",
        help="a value that wins over the file's, such as training.epochs=3",
    )


def checked_config(arguments: argparse.Namespace, command: str | None = None) -> AnyConfig:
    """Reads the configuration and looks whether its data is there and its output can be.

    Args:
        arguments: With those of `add_config`.
        command: See `load_config`.

    Raises:
        UsageError: See `load_config`.
        RunError: If there are no files of reviews where the configuration says, or its output
            cannot be one.
    """
    config = load_config(arguments.config, arguments.overrides, command)
    try:
        check_output(config.output)
    except RunError as error:
        raise RunError(f"{arguments.config}: output: {error}") from None
    try:
        list_files(config.data.input, config.data.format)
    except RunError as error:
        raise RunError(f"{arguments.config}: data.input: {error}") from None
    return config


def add_past_run(parser: argparse.ArgumentParser, other: str = "") -> None:
    """Adds what names a run that is over: `folder` and `run`.

    Args:
        parser: Of a command.
        other: What the folder may be instead, in words.
    """
    what = "the `output` of a configuration"
    parser.add_argument("folder", metavar="OUTPUT", help=f"{what}{other and f', or {other}'}")
    parser.add_argument("--run", metavar="ID", help="one of the runs in OUTPUT/runs, not the last")
