"""Frames in, a model out; texts in, answers out: the pipeline in three lines of Python.

Frames are those of pandas and of polars, and of what else narwhals reads; what is given back is
of the same library.
"""

from __future__ import annotations

import json
import math
import os
import tempfile
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..components.review_example_gen.cleaning import clean_text
from ..components.task_registry import text_as_given
from ..errors import RunError, UsageError
from ..files import file_digest, whole_file
from ..files.records import cell_text
from .asking import Asking, with_question
from .pushed import columns_of, load_model, runs_that_pushed, version_of
from .report.html.page import REPORT

if TYPE_CHECKING:
    import narwhals as nw
    import pyarrow as pa

    from ..serving.prediction import Row
    from ..serving.tasks.predictions import Prediction

CONFIG = "config.yaml"
FRAME = "frame.parquet"
_TEXTS = "texts"


def fit(
    frame: Any,
    *,
    text: str | Sequence[str],
    label: str | None = None,
    rating: str | None = None,
    classes: Sequence[str] | Mapping[str, Any] | None = None,
    output: str | None = None,
    **overrides: Any,
) -> FrameModel:
    """Trains, judges and loads a model of the rows of a frame: `reviewlens run` on it.

    The rows are cleaned, split and counted as those of a file, the run is shown on stdout, and
    what it leaves is what every run leaves, with the frame (`frame.parquet`) and the
    configuration (`config.yaml`) beside it. Fit again with the same `output`, and whatever has
    not changed is taken over.

    Args:
        frame: Of pandas or polars, a row a review.
        text: Column of the reviews, or columns that are joined with a space.
        label: Column of ready-made labels; give this or `rating`.
        rating: Column of ratings.
        classes: As `data.classes` of a configuration: class -> ratings that belong to it, or the
            labels. They may be left out with `label`.
        output: Folder of the run. None: one that goes with the model that is given back.
        **overrides: Other keys of a configuration, as they stand in one: `encoder="minilm-l6"`,
            `training={"epochs": 1}`, `data={"slices": ["shop"]}`.

    Returns:
        The model that was pushed.

    Raises:
        TypeError: `frame` is no frame.
        UsageError: A column is not there, or anything else is wrong in what is asked for.
        RunError: The run failed, or the model was not found fit to be pushed.

    Example:
        >>> import pandas, reviewlens
        >>> frame = pandas.read_csv("reviews.csv")
        >>> model = reviewlens.fit(frame, text="review", label="sentiment", output="runs/mine")
        >>> model.predict(["Fits well."])
        [Prediction(label='positive', probabilities={'negative': 0.06…, …})]
    """
    import narwhals as nw

    from .config import Config, load_config
    from .local.runner import run

    rows = nw.from_native(frame, eager_only=True)
    scratch = None
    if output is None:
        scratch = tempfile.TemporaryDirectory(prefix="reviewlens-")
        output = scratch.name
    os.makedirs(output, exist_ok=True)
    said = {"text": text, "label": label, "rating": rating, "classes": classes}
    source, path = (os.path.join(output, name) for name in (FRAME, CONFIG))
    sections = {
        "name": "reviews",
        "output": output,
        **overrides,
        "data": {
            "input": source,
            **{key: value for key, value in said.items() if value is not None},
            **overrides.get("data", {}),
        },
    }
    with whole_file(path) as file:
        # YAML as well, and nothing in it that YAML would take for something else.
        json.dump(sections, file, indent=2, ensure_ascii=False)
    config = load_config(path, command=Config.COMMAND)
    assert isinstance(config, Config)
    _write_rows(_table(rows, config.data.source_columns()), source)
    summary = run(config).summary
    if not summary["pushed_to"]:
        raise RunError(
            f"{output}: the model was not pushed: {'; '.join(summary['refused_because'])}"
        )
    report = os.path.join(output, REPORT)
    return FrameModel(summary["pushed_to"], summary=summary, report=report, scratch=scratch)


def load(path: str) -> FrameModel:
    """Loads a model to be asked about frames, series and lists.

    Args:
        path: Output of a run, version directory, or the one above that.

    Raises:
        RunError: There is no model of reviewlens.

    Example:
        >>> load("runs/amazon-snippets/serving/amazon-snippets").labels
        ['negative', 'neutral', 'positive']
    """
    version = version_of(path)
    found, summary = next(runs_that_pushed(version), ("", None))
    # Beside the summary of the last run; those before it have left none.
    report = os.path.join(os.path.dirname(found), REPORT)
    there = summary is not None and os.path.exists(report)
    return FrameModel(version, summary=summary, report=report if there else None)


class FrameModel:
    """A model in this process that takes rows as people have them; see `fit` and `load`.

    Args:
        directory: Version directory of the model.
        summary: Of the run that pushed it.
        report: Path of the report of that.
        scratch: A folder that is there as long as the model is.

    Attributes:
        directory: Version directory of the model.
        task: Name of its task.
        labels: Names of its classes, or of what else it decides between.
        columns: Those that it was trained on, as its `model.json` has them: `text`, `question`,
            `derived`. Of a model that does not tell it is the column `text`.
        summary: What `summary.json` of the run that pushed it says; None where that is not there.
        report: Path of the report of that run, a page of HTML; None likewise, and where another
            run has come after it.

    Raises:
        RunError: There is no model of reviewlens.
    """

    def __init__(
        self,
        directory: str,
        *,
        summary: Mapping[str, Any] | None = None,
        report: str | None = None,
        scratch: tempfile.TemporaryDirectory | None = None,
    ):
        self._model = load_model(directory)
        self._scratch = scratch
        self._as_given = text_as_given(self._model.task)
        self.directory = directory
        self.task = self._model.task
        self.labels = self._model.labels
        self.columns = columns_of(directory)
        self.summary = summary
        self.report = report

    def predict(
        self, rows: Any, *, question: str | None = None, min_confidence: float | None = None
    ) -> Any:
        """Asks the model about rows.

        Their texts are made as those were that the model has learnt from: of the same columns,
        and cleaned.

        Args:
            rows: A list of texts; a series of them; or a frame that has the columns which the
                model was trained on. None and NaN are empty texts.
            question: What each of them is asked, where the model answers questions; a frame may
                have the column of questions instead.
            min_confidence: From 0 to 1. A class that is less probable becomes `unsure`; an entity
                or an answer that is less likely right is left out. None: all are told.

        Returns:
            For a list a list of predictions. For a series a frame with a row for each text, for a
            frame that frame with columns added; of pandas with the same index. The columns are
            `predicted_label` and `probability_CLASS` of each class; `predicted_entities`, lists;
            or `predicted_answer` with `…_start`, `…_end` and `…_score`.

        Raises:
            TypeError: `rows` is a single text.
            UsageError: A column is not there, the model takes other inputs, or `min_confidence`
                is no share.

        Example:
            >>> model = load("runs/amazon-snippets/serving/amazon-snippets")
            >>> frame = model.predict(pandas.Series(["Fits well."], index=["a"]))
            >>> list(frame.columns)[:2]
            ['predicted_label', 'probability_negative']
        """
        import narwhals as nw

        if isinstance(rows, str):
            raise TypeError("the texts are a single str; put it into a list")
        given = nw.from_native(rows, eager_only=True, allow_series=True, pass_through=True)
        if isinstance(given, nw.DataFrame):
            asked = self._rows_of(given, question)
            return self._beside(given, asked, min_confidence).to_native()
        texts = given.to_list() if isinstance(given, nw.Series) else given
        cells = map(_cell, texts)
        asked = [
            with_question(text if self._as_given else clean_text(text), question) for text in cells
        ]
        if not isinstance(given, nw.Series):
            return self._predicted(asked, min_confidence)
        # A frame of nothing has no rows, so the texts stand in it until it has others.
        frame = given.alias(_TEXTS).to_frame()
        return self._beside(frame, asked, min_confidence).drop(_TEXTS).to_native()

    def _predicted(self, rows: Sequence[Row], confidence: float | None) -> list[Prediction]:
        if confidence is None:
            return self._model.predict(rows)
        if not 0 <= confidence <= 1:
            raise UsageError(f"min_confidence {confidence}: is from 0 to 1")
        return [prediction.at_least(confidence) for prediction in self._model.predict(rows)]

    def _rows_of(self, frame: nw.DataFrame, question: str | None) -> list[Row]:
        asking = Asking(self.columns, self._as_given, question)
        cells = _table(frame, dict.fromkeys(asking.columns, "the model")).to_pydict()
        return [
            asking.of(dict(zip(cells, map(_cell, values), strict=True)))[1]
            for values in zip(*cells.values(), strict=True)
        ]

    def _beside(
        self, frame: nw.DataFrame, rows: Sequence[Row], confidence: float | None
    ) -> nw.DataFrame:
        import narwhals as nw

        # Of no rows, too, it is to be seen which columns there are.
        asked = rows or [dict.fromkeys(self._model.inputs, "")]
        predicted = self._predicted(asked, confidence)
        values = list(map(_values, predicted))
        kind = frame.implementation
        return frame.with_columns(
            nw.new_series(name, [each[name] for each in values][: len(rows)], backend=kind)
            for name in values[0]
        )


def _values(prediction: Prediction) -> dict[str, Any]:
    """What stands in the columns of a frame."""
    found: dict[str, Any] = {}
    for name, value in prediction.record().items():
        if isinstance(value, dict):
            found |= {f"probability_{key}": share for key, share in value.items()}
        else:
            found[name] = value
    return found


def _cell(value: Any) -> str:
    """The text of a cell; in pandas NaN says that there is none."""
    return "" if isinstance(value, float) and math.isnan(value) else cell_text(value)


def _table(frame: nw.DataFrame, columns: Mapping[str, str]) -> pa.Table:
    """Some columns of a frame.

    Args:
        frame: Any.
        columns: Those -> who names them.

    Raises:
        UsageError: One is not there, or its cells are of types that do not go together.
    """
    import pyarrow as pa

    lacking = [f"{name!r} ({who})" for name, who in columns.items() if name not in frame.columns]
    if lacking:
        raise UsageError(
            f"the frame has no column {', '.join(lacking)}; its columns: "
            f"{', '.join(map(repr, frame.columns)) or 'none'}"
        )
    try:
        return pa.table({name: _same_anywhere(frame[name].to_arrow()) for name in columns})
    except pa.ArrowException as error:
        raise UsageError(f"the frame cannot be read: {error}") from None


def _same_anywhere(cells: pa.Array) -> pa.Array:
    """Cells of the type that every library has for them, so that equal frames are equal files."""
    import pyarrow as pa

    if pa.types.is_dictionary(cells.type):
        cells = cells.dictionary_decode()
    return cells.cast(pa.large_string()) if pa.types.is_string(cells.type) else cells


def _write_rows(table: pa.Table, path: str) -> None:
    """Writes a frame; one that is there already and the same stays, so that it is not read anew."""
    import pyarrow.parquet as pq

    new = f"{path}.part"
    pq.write_table(table, new)
    if os.path.exists(path) and file_digest(path) == file_digest(new):
        os.remove(new)
    else:
        os.replace(new, path)
