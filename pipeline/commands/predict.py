"""`reviewlens predict`: ask a model that a run has pushed, here or behind a server."""

from __future__ import annotations

import argparse
import collections
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from ...errors import UsageError
from ...files import COMPRESSIONS, FORMATS
from ..pushed import version_of
from .arguments import new_parser
from .models import add_server, opened_model
from .rows import add_dialect, dialect_of

if TYPE_CHECKING:
    from ...serving.prediction import Predictor
    from ..prediction_files import AskedRow, AskedRows
    from ..ranking import Ranking

SUMMARY = "ask an exported or a served model about reviews"

_EXAMPLES = """\
  reviewlens predict --model runs/amazon-snippets "Great value." "Broke."
  reviewlens predict --model runs/amazon-snippets --input new.csv --output predicted.csv
  reviewlens predict --model DIR --input new.csv --column Title --column Text --output new.xlsx
  reviewlens predict --model DIR --input new.csv --min-confidence 0.7 --output - > sure.csv
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
    where.add_argument(
        "--model", metavar="DIR", help="version directory, the one above it, or output of a run"
    )
    add_server(where, parser)
    parser.add_argument("--input", metavar="FILE", help="file of reviews")
    parser.add_argument(
        "--column",
        metavar="NAME",
        action="append",
        help="column of the reviews; may be given more than once, they are joined with a space; "
        "default: those that the model was trained on, behind a server: text",
    )
    add_dialect(parser)
    parser.add_argument(
        "--output",
        metavar="FILE",
        help="file of predictions, .csv, .tsv, .parquet, .xlsx, .jsonl or .fasttext (class and "
        "text), or - for the standard output; needs --input",
    )
    parser.add_argument(
        "--force", action="store_true", help="replace the file of --output if it is there already"
    )
    parser.add_argument(
        "--question",
        metavar="TEXT",
        help="what every review is asked, of a model that answers; default: the column of "
        "questions that it was trained on",
    )
    parser.add_argument(
        "--top",
        metavar="N",
        type=int,
        help="of classes: tell the N most likely ones in place of all; with --question: how many "
        f"answers are printed, {_TOP} by default",
    )
    parser.add_argument(
        "--min-confidence",
        metavar="P",
        type=float,
        help="a class that is less probable than this, from 0 to 1, becomes unsure; entities and "
        "answers that are, are left out",
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
    _check_options(arguments)
    if arguments.model and (arguments.model_name or arguments.grpc):
        raise UsageError("predict: --model_name and --grpc go with --server, not with --model")
    version = version_of(arguments.model, "--model ") if arguments.model else None
    rows, count = None, 0
    if arguments.input:
        rows = _rows_of_file(arguments, version)
        count = rows.check(arguments.output, arguments.force)
        for name in rows.left_out() if arguments.output else ():
            problem = "a few of its rows could fill the memory"
            print(f"{arguments.input}: column {name!r} is left out: {problem}", file=sys.stderr)
    from ...serving.tasks.predictions import WrongInputs

    try:
        with opened_model(version, "--model ", arguments) as model:
            if rows is None:
                _print_predictions(arguments, model)
            else:
                _predict_file(arguments, model, rows, count)
    except WrongInputs as error:
        hint = "--question asks one" if arguments.question is None else "leave out --question"
        raise UsageError(f"predict: {error}; {hint}") from None
    return 0


def _check_options(arguments: argparse.Namespace) -> None:
    if arguments.top is not None and arguments.top < 1:
        raise UsageError(f"predict: --top {arguments.top}: print at least 1")
    confidence = arguments.min_confidence
    if confidence is not None and not 0 <= confidence <= 1:
        raise UsageError(f"predict: --min-confidence {confidence}: is from 0 to 1")
    if arguments.question is None:
        return
    if not arguments.question.strip():
        raise UsageError("predict: --question is empty")
    if (arguments.output or "").endswith(".fasttext"):
        raise UsageError(
            f"predict: --output {arguments.output}: is for classes; use .csv or .jsonl"
        )


def _rows_of_file(arguments: argparse.Namespace, version: str | None) -> AskedRows:
    from ...components.task_registry import text_as_given
    from ...serving.model_card import task_of
    from ..prediction_files import AskedRows
    from ..pushed import ANY_COLUMNS, columns_of

    columns = columns_of(version) if version else ANY_COLUMNS
    named_by = "--column" if columns is ANY_COLUMNS else "the model"
    if arguments.column:
        columns, named_by = {"text": arguments.column}, "--column"
    rows = AskedRows(
        arguments.input,
        columns,
        named_by=named_by,
        format=arguments.format,
        dialect=dialect_of(arguments),
        # A server does not tell whether characters are counted in its texts.
        as_given=version is None or text_as_given(task_of(version)),
        question=arguments.question,
    )
    for line in rows.lines:
        print(line, file=sys.stderr)
    return rows


def _predict_file(
    arguments: argparse.Namespace, model: Predictor, rows: AskedRows, count: int
) -> None:
    from ...files.writing import STANDARD_STREAM
    from ..prediction_files import predicted_rows, write_predictions
    from .progress_bar import progress_bar

    target = arguments.output
    ranking = _ranking(arguments)
    shape = _shaping(arguments)
    predicted: Iterator[tuple[AskedRow, Any]] = (
        (row, shape(prediction)) for row, prediction in predicted_rows(model, rows)
    )
    if ranking:
        predicted = _ranked(predicted, ranking)
    with progress_bar(count, "reviews"):
        if target:
            write_predictions(predicted, target)
        else:
            collections.deque(predicted, maxlen=0)
    if target == STANDARD_STREAM:
        # Which is of nothing but the table.
        return
    if ranking:
        _print_ranking(ranking)
    if target:
        print(f"{target}: {count:,} predictions")


def _shaping(arguments: argparse.Namespace) -> Callable[[Any], Any]:
    """What is made of each prediction before anybody sees it."""
    confidence = arguments.min_confidence
    top = arguments.top if arguments.question is None else None

    def shape(prediction: Any) -> Any:
        if confidence is not None:
            prediction = prediction.at_least(confidence)
        if top is None:
            return prediction
        if not hasattr(prediction, "most_likely"):
            raise UsageError("predict: --top goes with --question, or with a model of classes")
        return prediction.most_likely(top)

    return shape


def _ranking(arguments: argparse.Namespace) -> Ranking | None:
    if arguments.question is None:
        return None
    from ..ranking import Ranking

    return Ranking(_TOP if arguments.top is None else arguments.top)


def _ranked(
    predicted: Iterator[tuple[AskedRow, Any]], ranking: Ranking
) -> Iterator[tuple[AskedRow, Any]]:
    for row, answer in predicted:
        ranking.add(row.text, answer)
        yield row, answer


def _print_predictions(arguments: argparse.Namespace, model: Predictor) -> None:
    from rich.text import Text

    from .tables import new_table, print_table

    texts, question = arguments.texts, arguments.question
    shape = _shaping(arguments)
    ranking = _ranking(arguments)
    if ranking:
        rows = [{"question": question, "context": text} for text in texts]
        for text, answer in zip(texts, model.predict(rows), strict=True):
            ranking.add(text, shape(answer))
        _print_ranking(ranking)
        return
    predictions = list(map(shape, model.predict(texts)))
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
