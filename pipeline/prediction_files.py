"""Predictions for the rows of a file, read and written as a stream."""

from __future__ import annotations

import collections
import operator
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from .. import progress
from ..components.input_files import list_files
from ..errors import RunError, UsageError
from ..files import Dialect, columns_left_out, read_records, settle_dialects
from ..files.writing import STANDARD_STREAM, OutputRow, TableFormat, table_format, write_table
from .asking import Asking

if TYPE_CHECKING:
    from ..serving.prediction import Predictor, Row
    from ..serving.tasks.predictions import Prediction

Asked = TypeVar("Asked")

# Characters of the rows that wait for their prediction; each cell counts some itself.
_MOST_WAITING = 1 << 22
_CELL = 64


class AskedRow(NamedTuple):
    """One of the rows of a file.

    Attributes:
        cells: Column -> text of the cell: lists, maps and structs as JSON.
        text: That the model is asked about.
        asked: What it is asked.
    """

    cells: dict[str, str]
    text: str
    asked: Row


class AskedRows:
    """The rows of a file, and what of each of them a model is asked.

    Args:
        source: File of reviews, of any format that there is.
        columns: See `Asking`.
        named_by: Who names them, for messages: `--column`, or the model.
        format: Name of the format, or `auto`, which goes by the ending.
        dialect: What is said of how the rows are written.
        as_given: See `Asking`.
        question: See `Asking`.

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
        self.source = source
        self._asking = Asking(columns, as_given, question)
        self._columns = dict.fromkeys(self._asking.columns, named_by)
        settled = settle_dialects(list_files(source, format, dialect), self._columns, "--{}")
        self._files = settled.files
        self.lines = settled.lines

    def __iter__(self) -> Iterator[AskedRow]:
        """Yields each row.

        Raises:
            RunError: A column is not there, or a row cannot be read.
        """
        for decimal, cells in self._cells():
            yield AskedRow(cells, *self._asking.of(cells, decimal))

    def _cells(self) -> Iterator[tuple[str | None, dict[str, str]]]:
        """What stands before fractions in a row, and its cells."""
        for file in self._files:
            for record in read_records(file, self._columns):
                if record.reason or isinstance(record.values, str):
                    why = record.detail or record.reason
                    raise RunError(f"{file.path}: row {record.row}: {why}")
                yield file.dialect.decimal, record.values

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
        for count, (_, cells) in enumerate(self._cells(), 1):
            if format:
                format.check(count, cells)
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


def predicted_rows(model: Predictor, rows: AskedRows) -> Iterator[tuple[AskedRow, Prediction]]:
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
    return predicted_each(model, iter(rows), operator.attrgetter("asked"), _size)


def write_predictions(predicted: Iterable[tuple[AskedRow, Prediction]], target: str) -> int:
    """Writes rows with what a model says of them.

    Args:
        predicted: What `predicted_rows` yields.
        target: Receives each row with the columns that the model's task adds, `-` stands for
            the standard output. Of a class that is `predicted_label` and its probabilities:
            columns `probability_CLASS` of a table, an object `probabilities` in a .jsonl. Of
            entities a table has a row for each, with the cells of its text, and a .jsonl a line
            for each text. Of an answer it is `predicted_answer` and `predicted_answer_start`,
            `…_end` and `…_score`. The file appears when it is complete.

    Returns:
        The number of rows.

    Raises:
        RunError: See `predicted_rows`, or `target` cannot be written, or not in its format.
        UsageError: See `predicted_rows`.
    """
    return write_table(_output_rows(predicted), target)


def _output_rows(predicted: Iterable[tuple[AskedRow, Prediction]]) -> Iterator[OutputRow]:
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
            row.cells,
            found,
            prediction.record(),
            row.text,
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


def _size(row: AskedRow) -> int:
    return len(row.text) + sum(map(len, row.cells.values())) + _CELL * len(row.cells)
