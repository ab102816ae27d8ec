"""`reviewlens predict`: ask a model that a run has pushed, here or behind a server."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ...errors import RunError, UsageError
from ...files import COMPRESSIONS, FORMATS
from .arguments import new_parser

if TYPE_CHECKING:
    from ...serving.prediction import Predictor

SUMMARY = "ask an exported or a served model about reviews"

_EXAMPLES = """\
  reviewlens predict --model runs/amazon-snippets/serving/amazon-snippets "Great value." "Broke."
  reviewlens predict --model DIR --input new.csv --column "Review Text" --output predicted.csv
  reviewlens predict --server localhost:8501 --model_name amazon-snippets "Great value."
  reviewlens predict --server localhost:8500 --grpc --input new.jsonl.gz --output predicted.jsonl
"""


def make_parser() -> argparse.ArgumentParser:
    """Returns the parser of this command's arguments."""
    formats = ", ".join(format.title for format in FORMATS.values())
    parser = new_parser(
        "predict",
        f"Ask a model about reviews: given here, or the rows of a file ({formats}; "
        f"{', '.join(COMPRESSIONS)}). Every row is written to --output, all its columns with what "
        "the model says: predicted_label and the probability of each class, or the entities, "
        "each in a row of its own of a .csv, in a list predicted_entities of a .jsonl.",
        _EXAMPLES,
    )
    parser.add_argument("texts", metavar="TEXT", nargs="*", help="a review")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--model", metavar="DIR", help="version directory, or the one above it")
    where.add_argument(
        "--server",
        metavar="HOST:PORT",
        help="REST API of TensorFlow Serving or of `reviewlens serve`; an https:// URL encrypts",
    )
    parser.add_argument(
        "--model_name", metavar="NAME", help="model to ask the server for; default: default"
    )
    parser.add_argument("--grpc", action="store_true", help="the server's port is that of gRPC")
    parser.add_argument("--input", metavar="FILE", help="file of reviews")
    parser.add_argument(
        "--column", metavar="NAME", default="text", help="column of the reviews; default: text"
    )
    parser.add_argument(
        "--output",
        metavar="FILE",
        help="file of predictions, .csv, .jsonl or .fasttext (class and text); needs --input",
    )
    return parser


def execute(arguments: argparse.Namespace) -> int:
    """Prints the predictions for texts, or writes those for a file."""
    if bool(arguments.texts) == bool(arguments.input):
        raise UsageError("predict: give either TEXT or --input FILE")
    if bool(arguments.input) != bool(arguments.output):
        raise UsageError("predict: --input and --output belong together; give both or neither")
    if arguments.model and (arguments.model_name or arguments.grpc):
        raise UsageError("predict: --model_name and --grpc go with --server, not with --model")
    count = 0
    if arguments.input:
        from ..prediction_files import check_files, left_out

        count = check_files(arguments.input, arguments.output, arguments.column)
        for name in left_out(arguments.input, arguments.column):
            problem = "a few of its rows could fill the memory"
            print(f"{arguments.input}: column {name!r} is left out: {problem}", file=sys.stderr)
    with _opened(arguments) as model:
        if not arguments.input:
            _print_predictions(arguments.texts, model)
            return 0
        from ..prediction_files import predict_file
        from .progress_bar import progress_bar

        with progress_bar(count, "reviews"):
            count = predict_file(model, arguments.input, arguments.output, arguments.column)
    print(f"{arguments.output}: {count:,} predictions")
    return 0


@contextlib.contextmanager
def _opened(arguments: argparse.Namespace) -> Iterator[Predictor]:
    """The model that the arguments name."""
    if arguments.server is None:
        yield _load(arguments.model)
        return
    # What gRPC's core logs of a failed connection is in the error, too.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    from ...serving.client import Client

    transport = "grpc" if arguments.grpc else "rest"
    name = arguments.model_name or "default"
    with Client(arguments.server, model=name, transport=transport) as client:
        yield client


def _load(directory: str) -> Predictor:
    if "://" not in directory and not os.path.isdir(directory):
        raise RunError(
            f"--model {directory}: no such directory; a run pushes its model to OUTPUT/serving/NAME"
        )
    from ..capture import captured_output
    from ..environment import prepare_environment

    prepare_environment()
    with captured_output(os.devnull):
        from ...serving.local_model import LocalModel

        model = LocalModel(directory)
        # TensorFlow has something to say of a kernel when it is first used.
        model.predict([""])
        return model


def _print_predictions(texts: list[str], model: Predictor) -> None:
    from rich.text import Text

    from .tables import new_table, print_table

    predictions = model.predict(texts)
    # Text, not str: a class and a review may look like rich's markup.
    table = new_table(*(header for header, _ in predictions[0].cells()), "text")
    for text, prediction in zip(texts, predictions, strict=True):
        table.add_row(*(Text(cell) for _, cell in prediction.cells()), Text(prediction.shown(text)))
    print_table(table)
