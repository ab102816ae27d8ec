"""`reviewlens predict`: ask a model that a run has pushed, here or behind a server."""

from __future__ import annotations

import argparse
import collections
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

from ...errors import UsageError
from ...files import COMPRESSIONS, FORMATS
from .arguments import new_parser
from .models import add_server, opened_model

if TYPE_CHECKING:
    from ...serving.prediction import Predictor
    from ...serving.tasks.question_answering.answers import Answer
    from ..ranking import Ranking

SUMMARY = "ask an exported or a served model about reviews"

_EXAMPLES = """\
  reviewlens predict --model runs/amazon-snippets/serving/amazon-snippets "Great value." "Broke."
  reviewlens predict --model DIR --input new.csv --column "Review Text" --output predicted.csv
  reviewlens predict --server localhost:8501 --model_name amazon-snippets "Great value."
  reviewlens predict --server localhost:8500 --grpc --input new.jsonl.gz --output predicted.jsonl
  reviewlens predict --model DIR --question "How long does it last?" --input new.csv --top 20
"""

_TOP = 10


def make_parser() -> argparse.ArgumentParser:
    """Returns the parser of this command's arguments."""
    formats = ", ".join(format.title for format in FORMATS.values() if format.endings)
    parser = new_parser(
        "predict",
        f"Ask a model about reviews: given here, or the rows of a file ({formats}; "
        f"{', '.join(COMPRESSIONS)}). Every row is written to --output, all its columns with what "
        "the model says: predicted_label and the probability of each class, or the entities, "
        "each in a row of its own of a .csv, in a list predicted_entities of a .jsonl, or "
        "predicted_answer, empty where there is none. With --question the answers that are most "
        "likely right are printed, the best one first, and how many reviews have one.",
        _EXAMPLES,
    )
    parser.add_argument("texts", metavar="TEXT", nargs="*", help="a review")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--model", metavar="DIR", help="version directory, or the one above it")
    add_server(where, parser)
    parser.add_argument("--input", metavar="FILE", help="file of reviews")
    parser.add_argument(
        "--column", metavar="NAME", default="text", help="column of the reviews; default: text"
    )
    parser.add_argument(
        "--output",
        metavar="FILE",
        help="file of predictions, .csv, .tsv, .parquet, .xlsx, .jsonl or .fasttext (class and "
        "text), or - for the standard output; needs --input",
    )
    parser.add_argument(
        "--question", metavar="TEXT", help="what every review is asked, of a model that answers"
    )
    parser.add_argument(
        "--top", metavar="N", type=int, help=f"how many answers are printed; default: {_TOP}"
    )
    return parser


def execute(arguments: argparse.Namespace) -> int:
    """Prints the predictions for texts, or writes those for a file."""
    if bool(arguments.texts) == bool(arguments.input):
        raise UsageError("predict: give either TEXT or --input FILE")
    if arguments.output and not arguments.input:
        raise UsageError("predict: --output goes with --input, not with TEXT")
    if arguments.input and not arguments.output and arguments.question is None:
        raise UsageError("predict: --input and --output belong together; give both or neither")
    _check_question(arguments)
    if arguments.model and (arguments.model_name or arguments.grpc):
        raise UsageError("predict: --model_name and --grpc go with --server, not with --model")
    count = 0
    if arguments.input:
        from ..prediction_files import check_files, left_out

        count = check_files(arguments.input, arguments.output, arguments.column)
    if arguments.input and arguments.output:
        for name in left_out(arguments.input, arguments.column):
            problem = "a few of its rows could fill the memory"
            print(f"{arguments.input}: column {name!r} is left out: {problem}", file=sys.stderr)
    from ...serving.tasks.predictions import WrongInputs

    try:
        with opened_model(arguments.model, "--model ", arguments) as model:
            if not arguments.input:
                _print_predictions(arguments, model)
            else:
                _predict_file(arguments, model, count)
    except WrongInputs as error:
        hint = "--question asks one" if arguments.question is None else "leave out --question"
        raise UsageError(f"predict: {error}; {hint}") from None
    return 0


def _check_question(arguments: argparse.Namespace) -> None:
    if arguments.question is None:
        if arguments.top is not None:
            raise UsageError("predict: --top goes with --question")
        return
    if not arguments.question.strip():
        raise UsageError("predict: --question is empty")
    if arguments.top is not None and arguments.top < 1:
        raise UsageError(f"predict: --top {arguments.top}: print at least 1")
    if (arguments.output or "").endswith(".fasttext"):
        raise UsageError(
            f"predict: --output {arguments.output}: is for classes; use .csv or .jsonl"
        )


def _predict_file(arguments: argparse.Namespace, model: Predictor, count: int) -> None:
    from ..prediction_files import predicted_rows, write_predictions
    from .progress_bar import progress_bar

    source, target, column = arguments.input, arguments.output, arguments.column
    ranking = _ranking(arguments)
    predicted = predicted_rows(model, source, column, arguments.question)
    if ranking:
        predicted = _ranked(predicted, column, ranking)
    with progress_bar(count, "reviews"):
        if target:
            write_predictions(predicted, target, column)
        else:
            collections.deque(predicted, maxlen=0)
    if ranking:
        _print_ranking(ranking)
    if target:
        print(f"{target}: {count:,} predictions")


def _ranking(arguments: argparse.Namespace) -> Ranking | None:
    if arguments.question is None:
        return None
    from ..ranking import Ranking

    return Ranking(_TOP if arguments.top is None else arguments.top)


def _ranked(
    predicted: Iterator[tuple[dict[str, str], Any]], column: str, ranking: Ranking
) -> Iterator[tuple[dict[str, str], Any]]:
    for row, answer in predicted:
        ranking.add(row.get(column, ""), answer)
        yield row, answer


def _print_predictions(arguments: argparse.Namespace, model: Predictor) -> None:
    from rich.text import Text

    from .tables import new_table, print_table

    texts, question = arguments.texts, arguments.question
    ranking = _ranking(arguments)
    if ranking:
        rows = [{"question": question, "context": text} for text in texts]
        for text, answer in zip(texts, model.predict(rows), strict=True):
            ranking.add(text, cast("Answer", answer))
        _print_ranking(ranking)
        return
    predictions = model.predict(texts)
    # Text, not str: a class and a review may look like rich's markup.
    table = new_table(*(header for header, _ in predictions[0].cells()), "text")
    for text, prediction in zip(texts, predictions, strict=True):
        table.add_row(*(Text(cell) for _, cell in prediction.cells()), Text(prediction.shown(text)))
    print_table(table)


def _print_ranking(ranking: Ranking) -> None:
    from rich.text import Text

    from .tables import new_table, print_table

    best = ranking.best()
    if best:
        table = new_table("review", *(header for header, _ in best[0].answer.cells()), "text")
        for ranked in best:
            cells = [
                str(ranked.review),
                *(cell for _, cell in ranked.answer.cells()),
                ranked.excerpt,
            ]
            table.add_row(*map(Text, cells))
        print_table(table)
    print(f"{ranking.answered:,} of {ranking.asked:,} reviews have an answer")
