"""`reviewlens predict`: ask a model that a run has pushed."""

from __future__ import annotations

import argparse
import contextlib
import os
from collections.abc import Iterator

from ...errors import RunError, UsageError
from .arguments import new_parser

SUMMARY = "classify reviews with an exported model"

_EXAMPLES = """\
  reviewlens predict --model runs/amazon-snippets/serving/amazon-snippets "Great value." "Broke."
  reviewlens predict --model DIR --input new.csv --column "Review Text" --output predicted.csv
  reviewlens predict --model DIR --input new.jsonl.gz --output predicted.jsonl
"""


def make_parser() -> argparse.ArgumentParser:
    """Returns the parser of this command's arguments."""
    parser = new_parser(
        "predict",
        "Classify reviews: given here, or the rows of a file (CSV, TSV, JSON Lines, Parquet, or "
        "a .txt with a review a line; .gz, .bz2, .zst). Every row is written to --output with "
        "its predicted_label and the probability of each class.",
        _EXAMPLES,
    )
    parser.add_argument("texts", metavar="TEXT", nargs="*", help="a review")
    parser.add_argument(
        "--model", metavar="DIR", required=True, help="version directory, or the one above it"
    )
    parser.add_argument("--input", metavar="FILE", help="file of reviews")
    parser.add_argument(
        "--column", metavar="NAME", default="text", help="column of the reviews; default: text"
    )
    parser.add_argument(
        "--output", metavar="FILE", help="file of predictions, .csv or .jsonl; needs --input"
    )
    return parser


def execute(arguments: argparse.Namespace) -> int:
    """Prints the predictions for texts, or writes those for a file."""
    if bool(arguments.texts) == bool(arguments.input):
        raise UsageError("predict: give either TEXT or --input FILE")
    if bool(arguments.input) != bool(arguments.output):
        raise UsageError("predict: --input and --output belong together; give both or neither")
    if arguments.input:
        from ..prediction_files import check_files

        check_files(arguments.input, arguments.output, arguments.column)
    if "://" not in arguments.model and not os.path.isdir(arguments.model):
        raise RunError(
            f"--model {arguments.model}: no such directory; "
            "a run pushes its model to OUTPUT/serving/NAME"
        )
    model = _load(arguments.model)
    if arguments.input:
        from ..prediction_files import predict_file

        with _counting():
            count = predict_file(model, arguments.input, arguments.output, arguments.column)
        print(f"{arguments.output}: {count:,} predictions")
    else:
        _print_predictions(arguments.texts, model)
    return 0


def _load(directory: str):
    from ..capture import captured_output
    from ..environment import prepare_environment

    prepare_environment()
    with captured_output(os.devnull):
        from ...serving.local_model import LocalModel

        return LocalModel(directory)


@contextlib.contextmanager
def _counting() -> Iterator[None]:
    """Shows on a terminal how many reviews are done."""
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    from ... import progress

    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.completed:,} reviews"), TimeElapsedColumn())
    hidden = not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=hidden) as bar:
        task = bar.add_task("")
        with progress.reporting_to(lambda done, total, note: bar.update(task, completed=done)):
            yield


def _print_predictions(texts: list[str], model) -> None:
    from rich.text import Text

    from .tables import new_table, print_table

    # Text, not str: a class and a review may look like rich's markup.
    table = new_table("label", *model.labels, "text")
    for text, prediction in zip(texts, model.predict(texts), strict=True):
        shares = (f"{prediction.probabilities[label]:.3f}" for label in model.labels)
        table.add_row(Text(prediction.label), *shares, Text(text))
    print_table(table)
