"""Predictions for the rows of a file, read and written as a stream."""

from __future__ import annotations

import collections
import os
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, TypeVar

from .. import progress
from ..components.input_files import list_files
from ..errors import RunError, UsageError
from ..files import columns_left_out, read_records
from ..files.writing import STANDARD_STREAM, OutputRow, TableFormat, table_format, write_table

if TYPE_CHECKING:
    from ..serving.prediction import Predictor, Row
    from ..serving.tasks.predictions import Prediction

Asked = TypeVar("Asked")

# Characters of the rows that wait for their prediction; each cell counts some itself.
_MOST_WAITING = 1 << 22
_CELL = 64


def check_files(source: str, target: str | None, column: str) -> int:
    """Makes sure, before a model is loaded, that all rows can be read and some be written.

    Args:
        source: File of reviews.
        target: File of predictions; None where none is written.
        column: Column of the reviews.

    Returns:
        The number of rows.

    Raises:
        UsageError: `target` has an ending that is not written, or is `source`.
        RunError: `source` is missing, empty, or has no such column, or a row cannot be read, or
            not be written in the format of `target`.
    """
    format = None if target is None else _checked_format(source, target)
    count = 0
    for count, row in enumerate(_rows(source, column), 1):
        if format:
            format.check(count, row)
    if not count:
        raise RunError(f"{source}: has no rows")
    return count


def _checked_format(source: str, target: str) -> TableFormat:
    found = table_format(target)
    if target == STANDARD_STREAM:
        return found
    if os.path.exists(target) and os.path.exists(source) and os.path.samefile(source, target):
        raise UsageError(f"--output {target}: is the input; choose another file")
    folder = os.path.dirname(target) or "."
    if not os.path.isdir(folder):
        raise RunError(f"--output {target}: there is no folder {folder}")
    return found


def left_out(source: str, column: str) -> list[str]:
    """Names the columns that will not be written, as their cells may fill the memory.

    Args:
        source: File of reviews.
        column: Column of the reviews.

    Returns:
        Columns of Parquet files.

    Raises:
        RunError: See `check_files`.
    """
    return list(
        dict.fromkeys(
            name
            for file in list_files(source)
            for name in columns_left_out(file, {column: "--column"})
        )
    )


def predicted_rows(
    model: Predictor, source: str, column: str, question: str | None = None
) -> Iterator[tuple[dict[str, str], Prediction]]:
    """Predicts every row of a file; memory does not grow with it.

    Args:
        model: Answers for the texts.
        source: File of reviews, of any format that there is.
        column: Column of the reviews.
        question: What each of them is asked, where the model answers questions.

    Yields:
        Each row, its cells as text (lists, maps and structs as JSON), and its prediction.

    Raises:
        RunError: A row cannot be read.
        UsageError: The model takes other inputs.
    """

    def asked(row: dict[str, str]) -> Row:
        text = row.get(column, "")
        return text if question is None else {"question": question, "context": text}

    return predicted_each(model, _rows(source, column), asked, _size)


def write_predictions(
    predicted: Iterable[tuple[dict[str, str], Prediction]], target: str, column: str
) -> int:
    """Writes rows with what a model says of them.

    Args:
        predicted: What `predicted_rows` yields.
        target: Receives each row with the columns that the model's task adds, `-` stands for
            the standard output. Of a class that is `predicted_label` and its probabilities:
            columns `probability_CLASS` of a table, an object `probabilities` in a .jsonl. Of
            entities a table has a row for each, with the cells of its text, and a .jsonl a line
            for each text. Of an answer it is `predicted_answer` and `predicted_answer_start`,
            `…_end` and `…_score`. The file appears when it is complete.
        column: Column of the reviews.

    Returns:
        The number of rows.

    Raises:
        RunError: See `predicted_rows`, or `target` cannot be written, or not in its format.
        UsageError: See `predicted_rows`.
    """
    return write_table(_output_rows(predicted, column), target)


def _output_rows(
    predicted: Iterable[tuple[dict[str, str], Prediction]], column: str
) -> Iterator[OutputRow]:
    columns: list[str] = []
    for number, (row, prediction) in enumerate(predicted, 1):
        found = prediction.rows()
        columns = columns or list(found[0])
        if any(list(each) != columns for each in found):
            raise RunError(
                f"row {number}: the server has loaded a model with other classes; start again"
            )
        label = found[0].get("predicted_label")
        yield OutputRow(
            row,
            found,
            prediction.record(),
            row.get(column, ""),
            None if label is None else str(label),
        )


def _rows(source: str, column: str) -> Iterator[dict[str, str]]:
    for file in list_files(source):
        for record in read_records(file, {column: "--column"}):
            if record.reason or isinstance(record.values, str):
                raise RunError(f"{file.path}: row {record.row}: {record.detail or record.reason}")
            yield record.values


def predicted_each(
    model: Predictor,
    rows: Iterator[Asked],
    asked: Callable[[Asked], Row],
    size_of: Callable[[Asked], int],
) -> Iterator[tuple[Asked, Prediction]]:
    """Pairs each row with its prediction; the model takes texts somewhat ahead of that.

    Args:
        model: Answers for the texts.
        rows: Whatever the texts are of.
        asked: What of a row the model is asked.
        size_of: How much memory a row takes that waits for its answer, in characters.

    Yields:
        Each row and its prediction.

    Raises:
        UsageError: The model takes other inputs.
    """
    waiting: collections.deque[Asked] = collections.deque()
    size = 0
    more = True

    def questions() -> Iterator[Row]:
        nonlocal size, more
        for row in rows:
            waiting.append(row)
            size += size_of(row)
            yield asked(row)
            if size > _MOST_WAITING:
                # A model asks for a thousand before it answers the first. It gets no more now.
                return
        more = False

    done = 0
    while more:
        for prediction in model.stream(questions()):
            row = waiting.popleft()
            size -= size_of(row)
            yield row, prediction
            done += 1
            progress.report(done, None, "reviews")


def _size(row: dict[str, str]) -> int:
    return sum(map(len, row.values())) + _CELL * len(row)
