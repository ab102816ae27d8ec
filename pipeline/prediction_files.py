"""Predictions for the rows of a file, read and written as a stream."""

from __future__ import annotations

import collections
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from .. import progress
from ..components.input_files import list_files
from ..components.review_example_gen.columns import settings_of_columns, text_of
from ..components.review_example_gen.reviews import ColumnDeriver
from ..errors import RunError, UsageError
from ..files import Dialect, columns_left_out, read_records, settle_dialects
from ..files.writing import STANDARD_STREAM, OutputRow, TableFormat, table_format, write_table

if TYPE_CHECKING:
    from ..serving.prediction import Predictor, Row
    from ..serving.tasks.predictions import Prediction

Asked = TypeVar("Asked")

# Characters of the rows that wait for their prediction; each cell counts some itself.
_MOST_WAITING = 1 << 22
_CELL = 64


class AskedRows:
    """The rows of a file, and what of each of them a model is asked.

    Args:
        source: File of reviews, of any format that there is.
        columns: Those that the model is asked with, see `review_example_gen.columns`.
        named_by: Who names them, for messages: `--column`, or the model.
        format: Name of the format, or `auto`, which goes by the ending.
        dialect: What is said of how the rows are written.
        as_given: Leave texts as they are, and do not clean them as those were that a model has
            learnt from.
        question: What each of them is asked, where the model answers questions; None where the
            columns have one or it does not.

    Attributes:
        lines: What has been found out of how the file is written, for a person.

    Raises:
        RunError: The file is not there, or how it is written cannot be found out.
        UsageError: Something else is said of it than there is.
    """

    def __init__(
        self,
        source: str,
        columns: Mapping[str, Any],
        *,
        named_by: str = "--column",
        format: str = "auto",
        dialect: Dialect | None = None,
        as_given: bool = False,
        question: str | None = None,
    ):
        if question is not None:
            columns = {**columns, "question": None}
        self.source = source
        self._settings = settings_of_columns(columns, source)
        self._columns = dict.fromkeys(self._settings.source_columns(), named_by)
        self._derive = ColumnDeriver(self._settings).derive
        self._as_given = as_given
        self._question = question
        settled = settle_dialects(list_files(source, format, dialect), self._columns, "--{}")
        self._files = settled.files
        self.lines = settled.lines
        self._decimal = settled.files[0].dialect.decimal

    def __iter__(self) -> Iterator[dict[str, str]]:
        """Yields the cells of each row as text: lists, maps and structs as JSON.

        Raises:
            RunError: A column is not there, or a row cannot be read.
        """
        for file in self._files:
            for record in read_records(file, self._columns):
                if record.reason or isinstance(record.values, str):
                    why = record.detail or record.reason
                    raise RunError(f"{file.path}: row {record.row}: {why}")
                yield record.values

    def check(self, target: str | None, force: bool = True) -> int:
        """Makes sure, before a model is loaded, that all rows can be read and some be written.

        Args:
            target: File of predictions, or `-`; None where none is written.
            force: Whether a file that is there already may be replaced.

        Returns:
            The number of rows.

        Raises:
            UsageError: `target` has an ending that is not written, is the file itself, or is
                there already.
            RunError: The file is empty, or has no such column, or a row cannot be read, or not be
                written in the format of `target`.
        """
        format = None if target is None else self._checked_format(target, force)
        count = 0
        for count, row in enumerate(self, 1):
            if format:
                format.check(count, row)
        if not count:
            raise RunError(f"{self.source}: has no rows")
        return count

    def _checked_format(self, target: str, force: bool) -> TableFormat:
        found = table_format(target)
        if target == STANDARD_STREAM:
            return found
        if os.path.exists(target):
            if os.path.exists(self.source) and os.path.samefile(self.source, target):
                raise UsageError(f"--output {target}: is the input; choose another file")
            if not force:
                raise UsageError(
                    f"--output {target}: is there already; choose another file, or replace it "
                    "with --force"
                )
        folder = os.path.dirname(target) or "."
        if not os.path.isdir(folder):
            raise RunError(f"--output {target}: there is no folder {folder}")
        return found

    def left_out(self) -> list[str]:
        """Names the columns that will not be written, as their cells may fill the memory.

        Returns:
            Columns of Parquet files.

        Raises:
            RunError: See `check`.
        """
        found = (name for file in self._files for name in columns_left_out(file, self._columns))
        return list(dict.fromkeys(found))

    def text_of(self, row: dict[str, str]) -> str:
        """Returns the text that the model is asked about.

        Args:
            row: Its cells.
        """
        return text_of(self._derive(row, self._decimal), self._settings.text, self._as_given)

    def asked(self, row: dict[str, str]) -> Row:
        """Returns what the model is asked.

        Args:
            row: Its cells.
        """
        question = self._question
        if self._settings.question:
            question = self._derive(row, self._decimal).get(self._settings.question, "")
        text = self.text_of(row)
        return text if question is None else {"question": question, "context": text}


def predicted_rows(
    model: Predictor, rows: AskedRows
) -> Iterator[tuple[dict[str, str], Prediction]]:
    """Predicts every row of a file; memory does not grow with it.

    Args:
        model: Answers for the texts.
        rows: Of the file.

    Yields:
        Each row and its prediction.

    Raises:
        RunError: A row cannot be read.
        UsageError: The model takes other inputs.
    """
    return predicted_each(model, iter(rows), rows.asked, _size)


def write_predictions(
    predicted: Iterable[tuple[dict[str, str], Prediction]], target: str, rows: AskedRows
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
        rows: Of the file.

    Returns:
        The number of rows.

    Raises:
        RunError: See `predicted_rows`, or `target` cannot be written, or not in its format.
        UsageError: See `predicted_rows`.
    """
    return write_table(_output_rows(predicted, rows), target)


def _output_rows(
    predicted: Iterable[tuple[dict[str, str], Prediction]], rows: AskedRows
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
            rows.text_of(row),
            None if label is None else str(label),
        )


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
