"""`reviewlens serve`: serve models over TensorFlow Serving's API, without TensorFlow Serving."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import logging
import os
import signal
import sys
import threading
from typing import Any

from ...serving.server.settings import ServerSettings
from ..interrupts import ending_promptly
from .arguments import new_parser

# What models and files get to be closed in, once the requests are answered.
_TIDYING_SECONDS = 5.0

SUMMARY = "serve exported models over REST and gRPC"

_EXAMPLES = """\
  reviewlens serve --rest_api_port=8501 --model_name=reviews \\
      --model_base_path=runs/amazon-snippets/serving/amazon-snippets
  reviewlens serve --rest_api_port=8501 --model_config_file=models.config \\
      --enable_batching --batching_parameters_file=batching_parameters.txt
"""


def make_parser() -> argparse.ArgumentParser:
    """Returns the parser of this command's arguments."""
    parser = new_parser(
        "serve",
        "Serve SavedModels over the REST and gRPC API of TensorFlow Serving. The flags are those "
        "of tensorflow_model_server, with the same defaults, but for --host: only this machine "
        "can ask unless it is given.",
        _EXAMPLES,
    )
    parser.usage = "reviewlens serve --model_base_path=DIR [--FLAG=VALUE ...]"
    flags = dataclasses.fields(ServerSettings)
    groups = {
        "own": parser.add_argument_group("what tensorflow_model_server does not have"),
        "idle": parser.add_argument_group("accepted, without an effect here"),
    }
    for flag in flags:
        group = next((g for kind, g in groups.items() if flag.metadata[kind]), parser)
        kind = type(flag.default)
        default = f"default: {flag.default}" if flag.default != "" else ""
        help_ = "; ".join(filter(None, [flag.metadata["help"], default]))
        options: dict[str, Any] = {"type": kind, "metavar": kind.__name__.upper()}
        if kind is bool:
            options = {"type": _boolean, "metavar": "BOOL", "nargs": "?", "const": True}
        group.add_argument(
            f"--{flag.name}", default=flag.default, help=help_.replace("%", "%%"), **options
        )
    return parser


def execute(arguments: argparse.Namespace) -> int:
    """Serves until it is told to stop."""
    settings = ServerSettings(**vars(arguments))
    settings.check()
    _log_to_terminal()
    logging.getLogger("reviewlens.serve").info("Starting ...")
    for flag in dataclasses.fields(ServerSettings):
        if flag.metadata["idle"] and getattr(settings, flag.name) != flag.default:
            logging.getLogger("reviewlens.serve").warning("--%s has no effect here", flag.name)
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    with contextlib.ExitStack() as server:
        # While models load, or are waited for, nobody has asked anything yet.
        with ending_promptly("error: interrupted"):
            _start(settings, server)
        stopped.wait()
        seconds = settings.shutdown_grace_seconds
        logging.getLogger("reviewlens.serve").info(
            "Stopping once the requests are answered, in %d seconds at most ...", seconds
        )
        _end_without_waiting(seconds + _TIDYING_SECONDS)
    return 0


def _start(settings: ServerSettings, stack: contextlib.ExitStack) -> None:
    from ..environment import prepare_environment

    # Not even errors: TensorFlow has some to tell of at each start, about graphics cards.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    prepare_environment()
    from ...serving.server.limits import raise_file_limit
    from ...serving.server.server import Server

    raise_file_limit()
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    stack.enter_context(Server(settings))


def _end_without_waiting(seconds: float) -> None:
    """Ends the process at the next signal, or after some seconds, whatever its threads do."""

    def end(code: int, reason: str) -> None:
        logging.getLogger("reviewlens.serve").error("%s; ending without what is left", reason)
        # Not by returning: Python would wait for the threads.
        os._exit(code)

    def too_late() -> None:
        end(1, f"Not done after {seconds:.0f} seconds")

    def again(number: int, frame: object) -> None:
        end(128 + number, f"{signal.Signals(number).name} again")

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, again)
    timer = threading.Timer(seconds, too_late)
    timer.daemon = True
    timer.start()


def _boolean(text: str) -> bool:
    if text.lower() in ("true", "1", "t", "yes"):
        return True
    if text.lower() in ("false", "0", "f", "no"):
        return False
    raise argparse.ArgumentTypeError(f"{text!r} is neither true nor false")


def _log_to_terminal() -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logger = logging.getLogger("reviewlens.serve")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False
