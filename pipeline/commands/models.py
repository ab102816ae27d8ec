"""The model that a command asks, here or behind a server."""

from __future__ import annotations

import argparse
import contextlib
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ...errors import RunError, UsageError
from ..pushed import load_model, version_of

if TYPE_CHECKING:
    from ...serving.prediction import Predictor


def add_server(where: Any, parser: argparse.ArgumentParser) -> None:
    """Adds what names a server.

    Args:
        where: Receives `--server`; the parser, or a group of it.
        parser: Receives `--model_name` and `--grpc`, which go with that.
    """
    where.add_argument(
        "--server",
        metavar="HOST:PORT",
        help="REST API of TensorFlow Serving or of `reviewlens serve`; an https:// URL encrypts",
    )
    parser.add_argument(
        "--model_name",
        metavar="NAME",
        help="model to ask the server for; default: the only one of a `reviewlens serve`, or "
        "default",
    )
    parser.add_argument("--grpc", action="store_true", help="the server's port is that of gRPC")


@contextlib.contextmanager
def opened_model(
    directory: str | None, flag: str, arguments: argparse.Namespace
) -> Iterator[Predictor]:
    """The model that the arguments name.

    Args:
        directory: Of the model; None for the one behind the server.
        flag: How the directory was given, for messages, such as `--model `.
        arguments: With those of `add_server`.

    Raises:
        RunError: There is no such directory, or no model in it.
    """
    if arguments.server is None:
        yield load_model(version_of(directory or "", flag))
        return
    # What gRPC's core logs of a failed connection is in the error, too.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    from ...serving.client import Client, ModelNotFound

    transport = "grpc" if arguments.grpc else "rest"
    name = arguments.model_name or _only_model(arguments)
    try:
        with Client(arguments.server, model=name, transport=transport) as client:
            yield client
    except ModelNotFound as error:
        if arguments.model_name:
            raise
        raise RunError(f"{error}; name the model with --model_name") from None


def _only_model(arguments: argparse.Namespace) -> str:
    """The one model that a server has; TensorFlow Serving calls it `default` if nobody does."""
    from ...serving.client.listing import served_models

    names = None if arguments.grpc else served_models(arguments.server)
    if names is None:
        return "default"
    if len(names) == 1:
        return names[0]
    raise UsageError(
        f"--server {arguments.server}: serves {', '.join(names) or 'no model'}; "
        "name the one to ask with --model_name"
    )
