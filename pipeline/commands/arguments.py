"""What several commands take."""

from __future__ import annotations

import argparse
import textwrap

from ...components.input_files import list_files
from ...errors import RunError
from ...files import Dialect
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


def add_dialect(parser: argparse.ArgumentParser) -> None:
    """Adds what says how the rows of files are written, where that is not to be found out.

    Args:
        parser: Of a command that reads files; `dialect_of` reads what was given.
    """
    written = parser.add_argument_group("how the files are written, found out unless it is given")
    written.add_argument("--format", default="auto", help="such as csv; by default by the ending")
    written.add_argument("--delimiter", help="the character between two fields, such as ';'")
    written.add_argument("--encoding", help="of the text, such as cp1252")
    written.add_argument("--decimal", choices=(".", ","), help="what stands before a fraction")
    written.add_argument("--sheet", help="name of the sheet of a workbook")
    written.add_argument(
        "--header-row", type=int, metavar="ROW", help="number of the row that names the columns"
    )


def dialect_of(arguments: argparse.Namespace) -> Dialect:
    """What was said of how the rows are written.

    Args:
        arguments: With those of `add_dialect`.
    """
    return Dialect(
        arguments.encoding,
        arguments.delimiter,
        arguments.decimal,
        arguments.sheet,
        arguments.header_row,
    )


def add_past_run(parser: argparse.ArgumentParser) -> None:
    """Adds what names a run that is over: `folder` and `run`.

    Args:
        parser: Of a command.
    """
    parser.add_argument("folder", metavar="OUTPUT", help="the `output` of a configuration")
    parser.add_argument("--run", metavar="ID", help="one of the runs in OUTPUT/runs, not the last")
