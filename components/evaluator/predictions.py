"""What each model says of each example of the splits eval and test: `predictions.parquet`.

The rows are written by the Beam pipeline that evaluates, from the answers that it evaluates, so
that a comparison of models asks none of them again. Their texts stand beside them, so that a
person can read what a model was wrong about.
"""

from __future__ import annotations

import dataclasses
import io
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from tfx.dsl.io import fileio

PREDICTIONS_FILE = "predictions.parquet"
# Models are judged by the second one; the first one has decided what they were trained to be.
EVAL, TEST = "eval", "test"
# A slice may be called like another column; with this before its name it is not.
SLICE = "slice_"
_PARTS = "predictions"
_ID, _SPLIT = "id", "split"
# A row group has no more rows than this, nor texts of more bytes unless one alone has.
_ROWS, _BYTES = 1 << 16, 1 << 25

# What a model says of some examples: by the name of a column [n], or [n, most] where it has lists.
Answers = Mapping[str, np.ndarray]


@dataclasses.dataclass(frozen=True)
class Columns:
    """What the file says of a task, beside the ids of the examples.

    Attributes:
        truth: The column of what is true, by the name of the feature that holds it.
        answers: The columns of each model, which have its name before their own.
    """

    truth: pa.Field
    answers: tuple[pa.Field, ...]

    def schema(
        self, models: Sequence[str], texts: Sequence[str] = ("text",), slices: Sequence[str] = ()
    ) -> pa.Schema:
        """All columns of the file.

        Args:
            models: Names of the models.
            texts: Features that the models are asked, each a column.
            slices: Features by whose values the metrics are broken down, each a column with
                `SLICE` before its name.
        """
        of_models = [
            field.with_name(_column(name, field)) for name in models for field in self.answers
        ]
        return pa.schema(
            [
                pa.field(_ID, pa.binary()),
                pa.field(_SPLIT, pa.string()),
                *(pa.field(name, pa.string()) for name in texts),
                self.truth,
                *(pa.field(SLICE + name, pa.string()) for name in slices),
                *of_models,
            ]
        )


@dataclasses.dataclass(frozen=True)
class Predictions:
    """The answers of several models to the same examples.

    Attributes:
        ids: Of the examples, bytes [n], in ascending order.
        truth: What is true of them, [n].
        of: Name of a model -> what it says of them.
    """

    ids: pa.Array
    truth: np.ndarray
    of: Mapping[str, Answers]

    def __len__(self) -> int:
        """How many examples there are."""
        return len(self.truth)


def parts_in(directory: str) -> str:
    """The path that Beam gives endings to, one for each part of the file.

    Args:
        directory: Of the artifact `evaluation`.
    """
    return os.path.join(directory, _PARTS)


def table_of(
    examples: Mapping[str, Sequence | np.ndarray], of: Mapping[str, Answers], schema: pa.Schema
) -> pa.Table:
    """Rows of the file.

    Args:
        examples: By the name of a column what it says of the examples, [n] each.
        of: Name of a model -> name of a column -> what it says of them, [n].
        schema: As `Columns.schema` gives it.
    """
    answers = {
        f"{model}_{name}": values
        for model, of_model in of.items()
        for name, values in of_model.items()
    }
    columns = {**examples, **answers}
    return pa.Table.from_arrays(
        [pa.array(list(columns[field.name]), field.type) for field in schema], schema=schema
    )


def gather_predictions(
    directory: str, labels: Sequence[str], columns: Columns
) -> Predictions | None:
    """Makes one file of the parts that Beam has written.

    Workers finish in any order; sorted, by split and by id, equal answers are an equal file. The
    texts are in memory once: the file is written group by group.

    Args:
        directory: Of the artifact `evaluation`.
        labels: Names of the classes, which the file tells as well.
        columns: Of the task.

    Returns:
        What the file says of the test split; None if there are no parts.
    """
    parts = sorted(fileio.glob(parts_in(directory) + "-*"))
    if not parts:
        return None
    table = pa.concat_tables([_read(part) for part in parts])
    order = _order(table)
    schema = table.schema.with_metadata({"labels": json.dumps(labels)})
    with (
        fileio.open(os.path.join(directory, PREDICTIONS_FILE), "wb") as file,
        pq.ParquetWriter(_Sink(file), schema) as writer,
    ):
        for group in _groups(table, order):
            writer.write_table(group.cast(schema))
    for part in parts:
        fileio.remove(part)
    names = [
        _ID,
        columns.truth.name,
        *(name for name in table.column_names if _of_model(name, columns)),
    ]
    tested = np.flatnonzero(pc.equal(table[_SPLIT], TEST).combine_chunks().to_numpy(False)[order])
    return _predictions(table.select(names).take(pa.array(order[tested])), columns)


class _Sink(io.RawIOBase):
    """A file of TFX as one of Python, for Arrow."""

    def __init__(self, file: Any):
        super().__init__()
        self._file = file

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._file.write(bytes(data))
        return len(data)


def _read(path: str) -> pa.Table:
    with fileio.open(path, "rb") as file:
        return pq.read_table(pa.BufferReader(file.read()))


def _of_model(name: str, columns: Columns) -> bool:
    return not name.startswith(SLICE) and any(
        name.endswith(_column("", field)) for field in columns.answers
    )


def _order(table: pa.Table) -> np.ndarray:
    """Row numbers by split and id and, among rows of one id, by all that they say."""
    flat = {}
    first = [_SPLIT, _ID]
    for name in [*first, *(name for name in reversed(table.column_names) if name not in first)]:
        column = table[name]
        if pa.types.is_list(column.type):
            flat.update(_matrix_columns(name, column))
        else:
            flat[name] = column
    keys = [(name, "ascending") for name in flat]
    return pc.sort_indices(pa.table(flat), sort_keys=keys).to_numpy()


def _groups(table: pa.Table, order: np.ndarray) -> Iterator[pa.Table]:
    """The rows in another order, some at a time.

    Arrow would make one piece of all texts before it takes the first of them, which doubles what
    they take and fails where they are more than 2 GiB.
    """
    batches = table.to_batches()
    starts = np.cumsum([0, *(batch.num_rows for batch in batches)])
    texts = [
        name for name in table.column_names if pa.types.is_string(table.schema.field(name).type)
    ]
    sizes = sum(
        pc.fill_null(pc.binary_length(table[name]), 0).to_numpy().astype(np.int64) for name in texts
    )
    ends = np.cumsum(sizes[order])
    start = 0
    while start < len(order):
        before = ends[start - 1] if start else 0
        full = int(np.searchsorted(ends, before + _BYTES, side="right"))
        end = min(start + _ROWS, max(full, start + 1))
        rows = order[start:end]
        of_batch = np.searchsorted(starts, rows, side="right") - 1
        by_batch = np.argsort(of_batch, kind="stable")
        taken = [
            batches[number].take(pa.array(rows[of_batch == number] - starts[number]))
            for number in np.unique(of_batch)
        ]
        back = np.empty(len(rows), np.int64)
        back[by_batch] = np.arange(len(rows))
        yield pa.Table.from_batches(taken).take(pa.array(back))
        start = end


def _matrix_columns(name: str, column: pa.ChunkedArray) -> dict[str, np.ndarray]:
    return {f"{name}{index}": values for index, values in enumerate(_matrix(column).T)}


def _matrix(column: pa.ChunkedArray) -> np.ndarray:
    """The lists one below the other, shorter ones filled up with NaN."""
    lists = column.combine_chunks()
    lengths = lists.value_lengths().to_numpy()
    values = lists.flatten().to_numpy()
    matrix = np.full((len(lists), lengths.max(initial=0)), np.nan, values.dtype)
    matrix[np.arange(matrix.shape[1]) < lengths[:, None]] = values
    return matrix


def _predictions(table: pa.Table, columns: Columns) -> Predictions:
    first = _column("", columns.answers[0])
    names = [name.removesuffix(first) for name in table.column_names if name.endswith(first)]
    of = {
        name: {field.name: _values(table[_column(name, field)]) for field in columns.answers}
        for name in names
    }
    return Predictions(table[_ID].combine_chunks(), _values(table[columns.truth.name]), of)


def _values(column: pa.ChunkedArray) -> np.ndarray:
    return _matrix(column) if pa.types.is_list(column.type) else column.to_numpy()


def _column(model: str, field: pa.Field) -> str:
    return f"{model}_{field.name}"
