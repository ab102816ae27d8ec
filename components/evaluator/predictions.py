"""What each model says of each example of the test split: `predictions.parquet`.

The rows are written by the Beam pipeline that evaluates, from the answers that it evaluates, so
that a comparison of models asks none of them again.
"""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from tfx.dsl.io import fileio

PREDICTIONS_FILE = "predictions.parquet"
_PARTS = "predictions"
_ID = "id"

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

    def schema(self, models: Sequence[str]) -> pa.Schema:
        """All columns of the file.

        Args:
            models: Names of the models.
        """
        of_models = [
            field.with_name(_column(name, field)) for name in models for field in self.answers
        ]
        return pa.schema([pa.field(_ID, pa.binary()), self.truth, *of_models])


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
    ids: np.ndarray | Sequence[bytes],
    truth: np.ndarray,
    of: Mapping[str, Answers],
    columns: Columns,
) -> pa.Table:
    """Rows of the file.

    Args:
        ids: Of the examples.
        truth: What is true of them, [n].
        of: Name of a model -> name of a column -> what it says of them, [n].
        columns: Of the task.
    """
    answers = [answers[field.name] for answers in of.values() for field in columns.answers]
    schema = columns.schema(list(of))
    values = zip([ids, truth, *answers], schema.types, strict=True)
    return pa.Table.from_arrays(
        [pa.array(list(rows), kind) for rows, kind in values], schema=schema
    )


def gather_predictions(
    directory: str, labels: Sequence[str], columns: Columns
) -> Predictions | None:
    """Makes one file of the parts that Beam has written.

    Workers finish in any order; sorted, equal answers are an equal file.

    Args:
        directory: Of the artifact `evaluation`.
        labels: Names of the classes, which the file tells as well.
        columns: Of the task.

    Returns:
        What the file says; None if there are no parts.
    """
    parts = sorted(fileio.glob(parts_in(directory) + "-*"))
    if not parts:
        return None
    table = pa.concat_tables([_read(part) for part in parts]).combine_chunks()
    table = table.take(_order(table)).replace_schema_metadata({"labels": json.dumps(labels)})
    buffer = pa.BufferOutputStream()
    pq.write_table(table, buffer)
    with fileio.open(os.path.join(directory, PREDICTIONS_FILE), "wb") as file:
        file.write(buffer.getvalue().to_pybytes())
    for part in parts:
        fileio.remove(part)
    return _predictions(table, columns)


def _read(path: str) -> pa.Table:
    with fileio.open(path, "rb") as file:
        return pq.read_table(pa.BufferReader(file.read()))


def _order(table: pa.Table) -> pa.Array:
    """Row numbers by id and, among rows of one id, by all that they say."""
    flat = {}
    for name in table.column_names:
        column = table[name]
        if pa.types.is_list(column.type):
            flat.update(_matrix_columns(name, column))
        else:
            flat[name] = column
    keys = [(name, "ascending") for name in flat]
    return pc.sort_indices(pa.table(flat), sort_keys=keys)


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
