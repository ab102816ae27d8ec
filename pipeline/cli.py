"""The command line: `reviewlens COMMAND`.

Exit codes: 0 ok, 1 a run failed, 2 wrong usage, 3 a run went through and its model was refused,
130 interrupted.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from .. import __version__
from ..errors import ReviewlensError
from .commands import COMMANDS
from .ending import run_and_end
from .failures import explain
from .nearest import nearest

_EXAMPLES = """\
examples:
  reviewlens run configs/amazon-snippets.yaml
  reviewlens validate my-reviews.yaml
  reviewlens predict --model runs/amazon-snippets/serving/amazon-snippets "Great value."

`reviewlens COMMAND --help` has more of each.
"""


def program() -> NoReturn:
    """The program `reviewlens`: runs one command and ends the process."""
    run_and_end(main)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command.

    Args:
        argv: The words after `reviewlens`; by default those of this process.

    Returns:
        The exit code.

    Raises:
        SystemExit: For `--help`, `--version` and arguments that argparse does not accept.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    parser = _parser()
    if not words:
        parser.print_help()
        return 2
    options = parser.parse_args(words[:1])
    command = COMMANDS.get(options.command)
    if command is None:
        parser.error(f"{options.command}: unknown command; {nearest(options.command, COMMANDS)}")
    arguments = command.make_parser().parse_intermixed_args(words[1:])
    try:
        return command.execute(arguments)
    except ReviewlensError as error:
        return _fail(str(error), error.exit_code)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "reviewlens":
            raise
        return _fail(
            f"this command needs the package {error.name}; `pip install 'reviewlens[all]'`", 1
        )
    except BrokenPipeError:
        # Whoever read the output has had enough, as `head` does.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 1
    except OSError as error:
        return _fail(str(explain(error)), 1)
    except KeyboardInterrupt:
        return _fail("interrupted", 130)


def _parser() -> argparse.ArgumentParser:
    width = max(map(len, COMMANDS))
    listing = "\n".join(f"  {name:{width}}  {c.SUMMARY}" for name, c in COMMANDS.items())
    parser = argparse.ArgumentParser(
        prog="reviewlens",
        usage="reviewlens COMMAND …",
        description="From a file of product reviews to a served model of what they say.",
        epilog=f"commands:\n{listing}\n\n{_EXAMPLES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", help=argparse.SUPPRESS)
    parser.add_argument("--version", action="version", version=f"reviewlens {__version__}")
    return parser


def _fail(message: str, code: int) -> int:
    print(f"error: {message}", file=sys.stderr)
    return code
