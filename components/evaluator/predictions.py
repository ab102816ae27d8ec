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

from ...models.tasks.text_classification.comparison import Judged

PREDICTIONS_FILE = "predictions.parquet"
_PARTS = "predictions"
_ID, _LABEL = "id", "label"
# Of each model.
_DECIDED, _PROBABILITIES = "_decided", "_probabilities"


@dataclasses.dataclass(frozen=True)
class Predictions:
    """The answers of several models to the same examples.

    Attributes:
        ids: Of the examples, bytes [n], in ascending order.
        labels: Their true class indices, int64 [n].
        of: Name of a model -> what it says of them.
    """

    ids: pa.Array
    labels: np.ndarray
    of: Mapping[str, Judged]

    def __len__(self) -> int:
        """How many examples there are."""
        return len(self.labels)


def parts_in(directory: str) -> str:
    """The path that Beam gives endings to, one for each part of the file.

    Args:
        directory: Of the artifact `evaluation`.
    """
    return os.path.join(directory, _PARTS)


def schema_of(models: Sequence[str]) -> pa.Schema:
    """The columns of the file.

    Args:
        models: Names of the models.
    """
    columns = [(_ID, pa.binary()), (_LABEL, pa.int64())]
    for name in models:
        columns += [
            (name + _DECIDED, pa.int64()),
            (name + _PROBABILITIES, pa.list_(pa.float32())),
        ]
    return pa.schema(columns)


def table_of(
    ids: np.ndarray | Sequence[bytes], labels: np.ndarray, of: Mapping[str, Judged]
) -> pa.Table:
    """Rows of the file.

    Args:
        ids: Of the examples.
        labels: Their true class indices, int [n].
        of: Name of a model -> what it says of them, probabilities float [n, classes].
    """
    columns = [pa.array(ids, pa.binary()), pa.array(np.asarray(labels, np.int64))]
    for judged in of.values():
        probabilities = np.asarray(judged.probabilities, np.float32)
        offsets = np.arange(len(probabilities) + 1, dtype=np.int32) * probabilities.shape[1]
        columns += [
            pa.array(np.asarray(judged.decided, np.int64)),
            pa.ListArray.from_arrays(pa.array(offsets), pa.array(probabilities.reshape(-1))),
        ]
    return pa.Table.from_arrays(columns, schema=schema_of(list(of)))


def gather_predictions(directory: str, labels: Sequence[str]) -> Predictions | None:
    """Makes one file of the parts that Beam has written.

    Workers finish in any order; sorted, equal answers are an equal file.

    Args:
        directory: Of the artifact `evaluation`.
        labels: Names of the classes, which the file tells as well.

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
    return _predictions(table)


def _read(path: str) -> pa.Table:
    with fileio.open(path, "rb") as file:
        return pq.read_table(pa.BufferReader(file.read()))


def _order(table: pa.Table) -> pa.Array:
    """Row numbers by id and, among rows of one id, by all that they say."""
    flat = {}
    for name in table.column_names:
        column = table[name]
        if name.endswith(_PROBABILITIES):
            flat.update(_matrix_columns(name, column))
        else:
            flat[name] = column
    keys = [(name, "ascending") for name in flat]
    return pc.sort_indices(pa.table(flat), sort_keys=keys)


def _matrix_columns(name: str, column: pa.ChunkedArray) -> dict[str, np.ndarray]:
    return {f"{name}{index}": values for index, values in enumerate(_matrix(column).T)}


def _matrix(column: pa.ChunkedArray) -> np.ndarray:
    flat = column.combine_chunks().flatten().to_numpy()
    return flat.reshape(len(column), -1)


def _predictions(table: pa.Table) -> Predictions:
    names = [name.removesuffix(_DECIDED) for name in table.column_names if name.endswith(_DECIDED)]
    of = {
        name: Judged(
            probabilities=_matrix(table[name + _PROBABILITIES]),
            decided=table[name + _DECIDED].to_numpy(),
        )
        for name in names
    }
    return Predictions(table[_ID].combine_chunks(), table[_LABEL].to_numpy(), of)
