"""Reads `predictions.parquet`: what each model says of each example of the splits eval and test.

Only the columns that are asked for are read, and of texts only those of the rows that are shown:
a file of a million rows is no reason to hold a million texts.
"""

from __future__ import annotations

import dataclasses
import functools
import json
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ....errors import RunError

CANDIDATE = "candidate"
CLASSES, ENTITIES, QUESTIONS = "text-classification", "token-classification", "question-answering"
# By the name of a task: the column of what is true, and those of each model.
COLUMNS = {
    CLASSES: ("label", ("decided", "probabilities")),
    ENTITIES: ("spans", ("spans", "scores")),
    QUESTIONS: ("answers", ("answer", "score")),
}
_SLICE = "slice_"


class UnknownTask(RunError):
    """Predictions of a task that this room knows nothing of."""


@dataclasses.dataclass(frozen=True)
class Answered:
    """Rows of the file: what is true of them, and what each model says.

    Attributes:
        rows: Their places in the file, int64 [n].
        ids: Of the examples, bytes [n], in ascending order.
        truth: What is true of them, [n].
        of: Name of a model -> name of a column -> what it says, [n] or, of probabilities,
            float32 [n, classes].
    """

    rows: np.ndarray
    ids: pa.Array
    truth: np.ndarray
    of: Mapping[str, Mapping[str, np.ndarray]]

    def __len__(self) -> int:
        """How many there are."""
        return len(self.rows)


class PredictionsFile:
    """A `predictions.parquet`.

    Attributes:
        task: Name of the task of the models.
        labels: Names of the classes or types, in the order of their index.
        models: Names of the models that answered, the candidate first.
        slices: Columns by whose values the examples are told apart.

    Args:
        path: Of the file.

    Raises:
        RunError: It cannot be read as Parquet.
        UnknownTask: It has none of the columns that are known of a task.
    """

    def __init__(self, path: str):
        try:
            self._file = pq.ParquetFile(path)
        except (OSError, pa.ArrowException) as error:
            raise RunError(f"{path} cannot be read as Parquet: {error}") from None
        self._path = path
        names = self._file.schema_arrow.names
        facts = self._file.schema_arrow.metadata or {}
        self.labels = tuple(json.loads(facts.get(b"labels", b"[]")))
        found = [
            task
            for task, (truth, answers) in COLUMNS.items()
            if truth in names and all(f"{CANDIDATE}_{name}" in names for name in answers)
        ]
        if not found:
            raise UnknownTask(f"{path} has none of the columns label, spans and answers")
        self.task = found[0]
        self.slices = tuple(name.removeprefix(_SLICE) for name in names if name.startswith(_SLICE))
        self._truth, self._answers = COLUMNS[self.task]
        last = f"_{self._answers[0]}"
        models = [name.removesuffix(last) for name in names if name.endswith(last)]
        self.models = tuple(name for name in models if not name.startswith(_SLICE))

    def __len__(self) -> int:
        """How many rows it has, of all splits."""
        return self._file.metadata.num_rows

    @property
    def has_texts(self) -> bool:
        """Whether the texts are in the file: those of earlier versions had none."""
        return "text" in self._file.schema_arrow.names

    @functools.cached_property
    def splits(self) -> np.ndarray:
        """The split of each row, objects [n]; that of the files of earlier versions is test."""
        if "split" not in self._file.schema_arrow.names:
            return np.full(len(self), "test", object)
        return self._column("split").cast(pa.string()).to_numpy()

    def read(
        self, splits: Iterable[str] = ("test",), models: Sequence[str] | None = None
    ) -> Answered:
        """Reads what models say of the rows of some splits.

        Args:
            splits: Their names.
            models: Names of the models; all of them if it is None.

        Raises:
            RunError: There is no such model.
        """
        rows = np.flatnonzero(np.isin(self.splits, list(splits)))
        mask = pa.array(rows)
        chosen = self.models if models is None else models
        for model in chosen:
            if model not in self.models:
                known = ", ".join(self.models)
                raise RunError(f"{self._path}: {model} has not answered; there are {known}")
        of = {
            model: {
                name: _values(self._column(f"{model}_{name}"), mask, len(self.labels))
                for name in self._answers
            }
            for model in chosen
        }
        ids = self._column("id").take(mask).combine_chunks()
        return Answered(rows, ids, _values(self._column(self._truth), mask, 0), of)

    def slice_values(self, name: str, rows: np.ndarray) -> np.ndarray:
        """What a slice column says of some rows, objects [n]; None where it says nothing.

        Args:
            name: One of `slices`.
            rows: Places in the file.
        """
        column = self._column(f"{_SLICE}{name}").combine_chunks().dictionary_encode()
        values = np.array([*column.dictionary.to_pylist(), None], object)
        codes = pc.fill_null(column.indices, len(values) - 1).to_numpy(zero_copy_only=False)
        return values[codes[rows]]

    def texts(self, rows: Iterable[int], column: str = "text") -> list[str]:
        """The texts of a few rows.

        Args:
            rows: Places in the file.
            column: `text`, or another input of the task, such as `question`.
        """
        wanted = np.asarray(list(rows), np.int64)
        if not len(wanted) or column not in self._file.schema_arrow.names:
            return [""] * len(wanted)
        sizes = [
            self._file.metadata.row_group(group).num_rows
            for group in range(self._file.metadata.num_row_groups)
        ]
        starts = np.concatenate([[0], np.cumsum(sizes)])
        groups = np.searchsorted(starts, wanted, side="right") - 1
        found = [""] * len(wanted)
        for group in np.unique(groups):
            (texts,) = self._file.read_row_group(group, [column]).columns
            for place in np.flatnonzero(groups == group):
                found[place] = texts[int(wanted[place] - starts[group])].as_py()
        return found

    def _column(self, name: str) -> pa.ChunkedArray:
        return self._file.read([name]).column(0)


def _values(column: pa.ChunkedArray, rows: pa.Array, classes: int) -> np.ndarray:
    """The values of some rows; lists of numbers, one for each class, as a matrix."""
    chosen = column.take(rows)
    if not pa.types.is_list(chosen.type):
        return chosen.to_numpy()
    if not classes or not pc.all(pc.equal(pc.list_value_length(chosen), classes)).as_py():
        return np.array([np.asarray(each) for each in chosen.to_pylist()] + [None], object)[:-1]
    return (
        chosen.combine_chunks().flatten().to_numpy(zero_copy_only=False).reshape(len(rows), classes)
    )
