"""Judging a model by a file that it has not seen: its rows are read as a run reads them, answered,
and kept as a run keeps what its models say."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from ..components.example_values import example_values, examples_files, read_framed
from ..components.review_example_gen.accounting import Report
from ..components.review_example_gen.finding import settled_files
from ..components.review_example_gen.reviews import Rejection, Review, ReviewMaker
from ..components.review_example_gen.settings import TRAIN, DataSettings
from ..components.task_registry import TASKS, inputs_of, text_as_given
from ..components.tasks.spans import spans_text
from ..errors import RunError, UsageError
from ..files import read_records
from ..progress import notify
from .prediction_files import predicted_each
from .pushed import runs_that_pushed
from .report.analysis.answers import CANDIDATE, CLASSES, ENTITIES, QUESTIONS, PredictionsFile
from .report.analysis.metrics import metrics_of
from .report.html.facts import RunFacts, facts_of

if TYPE_CHECKING:
    from ..serving.prediction import Predictor, Row

PREDICTIONS = "predictions.parquet"
# All rows are of what a run calls test: nothing is learnt from them.
_SPLIT = "test"
_ROWS = 4096
_CELL = 64
# By task the type of what is true, and of each column of a model; as the evaluator writes them.
_TYPES: Mapping[str, tuple[pa.Field, tuple[pa.Field, ...]]] = {
    CLASSES: (
        pa.field("label", pa.int64()),
        (pa.field("decided", pa.int64()), pa.field("probabilities", pa.list_(pa.float32()))),
    ),
    ENTITIES: (
        pa.field("spans", pa.string()),
        (pa.field("spans", pa.string()), pa.field("scores", pa.list_(pa.float32()))),
    ),
    QUESTIONS: (
        pa.field("answers", pa.string()),
        (
            pa.field("answer", pa.string()),
            pa.field("score", pa.float32()),
            pa.field("start", pa.int64()),
            pa.field("end", pa.int64()),
        ),
    ),
}


def evaluate_file(
    model: Predictor,
    task: str,
    settings: DataSettings,
    folder: str,
    seen: frozenset[bytes] | None = None,
) -> tuple[RunFacts, int]:
    """Asks a model about the rows of a file, and compares what it says with what they say.

    Rows of which another one has the same text count as often as they are there: it is the file
    that the model is judged by.

    Args:
        model: Answers for the texts.
        task: Name of its task.
        settings: Where the file is, and which columns mean what.
        folder: Receives `predictions.parquet` and the rows that could not be used.
        seen: Fingerprints of what the model has learnt from, see `texts_learnt`.

    Returns:
        What the sections of a report are made from, with the figures as `summary.json` of a run
        has them; and how many texts the model has learnt from, 0 where that is not known.

    Raises:
        RunError: The file cannot be read, or no row of it can be used.
        UsageError: The model is for another task or other classes.
    """
    if task not in _TYPES:
        raise UsageError(f"models for {task} are not told apart example by example")
    kinds = list(TASKS.load(task, "data").kinds(settings))
    labels = [] if task == QUESTIONS else kinds
    report = Report(splits={_SPLIT: 0}, kinds={_SPLIT: [0] * len(kinds)})
    os.makedirs(os.path.join(folder, "rejected"), exist_ok=True)
    reviews = _reviews(task, settings, report, os.path.join(folder, "rejected", "rejected.jsonl"))
    known = 0

    def counted() -> Iterator[Review]:
        nonlocal known
        for review in reviews:
            known += seen is not None and text_fingerprint(review.text) in seen
            yield review

    path = os.path.join(folder, PREDICTIONS)
    answered = predicted_each(model, counted(), _asked(task), _size_of)
    _write(path, task, labels, settings.slices, answered)
    if not report.kept:
        why = ", ".join(f"{reason} {count:,}" for reason, count in report.reasons.items())
        raise RunError(f"{settings.input}: no row can be used ({why or 'there are none'})")
    facts = RunFacts(
        folder,
        _summary(task, report, kinds, metrics_of(PredictionsFile(path))),
        {
            "evaluator": {"evaluation": folder},
            "review-example-gen": {"rejected": os.path.join(folder, "rejected")},
        },
    )
    return facts, known


def texts_learnt(version: str) -> frozenset[bytes] | None:
    """Fingerprints of the texts that a model has learnt from; None where its run is not there.

    Args:
        version: Its version directory, in the output of its run.

    Raises:
        RunError: The examples of the run are damaged.
    """
    output = os.path.abspath(os.path.join(version, *[os.pardir] * 3))
    for _, summary in runs_that_pushed(version):
        folder = _examples_of(output, summary)
        if folder:
            records = (
                record for file in examples_files(folder, TRAIN) for _, record in read_framed(file)
            )
            return frozenset(text_fingerprint(_text_of(record)) for record in records)
    return None


def _examples_of(output: str, summary: Mapping[str, Any]) -> str | None:
    """The examples of a run."""
    try:
        return facts_of(output, summary["run"]["id"]).file("review-example-gen", "examples")
    except (OSError, ValueError, KeyError, UsageError):
        return None


def _text_of(record: bytes) -> str:
    (text,) = example_values(record)["text"]
    assert isinstance(text, bytes)
    return text.decode()


def text_fingerprint(text: str) -> bytes:
    """What stands for a text where it is only asked whether it is among others.

    Args:
        text: Cleaned as the ingest of a run does.
    """
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()


def _reviews(task: str, settings: DataSettings, report: Report, rejected: str) -> Iterator[Review]:
    """The rows of a file as the ingest of a run makes them; those that cannot be used are written
    down and counted."""
    examples = TASKS.load(task, "examples")
    maker = ReviewMaker(settings, examples.make_maker(settings), text_as_given(task))
    with open(rejected, "w", encoding="utf-8") as stream:
        settled = settled_files(settings)
        for line in settled.lines:
            notify(line)
        for file in settled.files:
            for record in read_records(file, settings.source_columns(), others=False):
                report.read += 1
                made = maker.make(file, record)
                if not isinstance(made, Rejection):
                    report.keep(_SPLIT, made.targets)
                    yield made
                    continue
                row = {"file": file.name, "row": record.row, "raw": record.values}
                row |= {"reason": made.reason, "detail": made.detail}
                report.reject(made.reason, row)
                stream.write(json.dumps(row) + "\n")


def _asked(task: str) -> Callable[[Review], Row]:
    inputs = inputs_of(task)

    def asked(review: Review) -> Row:
        features = {**review.targets.features, "text": review.text}
        row = {name: str(features[feature]) for name, feature in inputs.items()}
        return row["text"] if list(row) == ["text"] else row

    return asked


def _size_of(review: Review) -> int:
    return len(review.text) + _CELL * (4 + len(review.slices))


def _write(
    path: str,
    task: str,
    labels: Sequence[str],
    slices: Sequence[str],
    answered: Iterator[tuple[Review, Any]],
) -> None:
    """Writes rows as the evaluator of a run does, some at a time."""
    truth, answers = _TYPES[task]
    texts = list(inputs_of(task).values())
    schema = pa.schema(
        [
            pa.field("id", pa.binary()),
            pa.field("split", pa.string()),
            *(pa.field(name, pa.string()) for name in texts),
            truth,
            *(pa.field(f"slice_{name}", pa.string()) for name in slices),
            *(field.with_name(f"{CANDIDATE}_{field.name}") for field in answers),
        ],
        metadata={"labels": json.dumps(list(labels))},
    )
    rows: list[dict[str, Any]] = []
    with pq.ParquetWriter(path, schema) as writer:
        for review, prediction in answered:
            features = {**review.targets.features, "text": review.text}
            said = _said(task, prediction, labels)
            row = {
                "id": review.id.encode("utf-8", "replace"),
                "split": _SPLIT,
                truth.name: features[truth.name],
                **{name: str(features[name]) for name in texts},
                **{
                    f"slice_{name}": value
                    for name, value in zip(slices, review.slices, strict=True)
                },
                **{f"{CANDIDATE}_{name}": value for name, value in said.items()},
            }
            rows.append(row)
            if len(rows) == _ROWS:
                writer.write_table(pa.Table.from_pylist(rows, schema))
                rows = []
        writer.write_table(pa.Table.from_pylist(rows, schema))


def _said(task: str, prediction: Any, labels: Sequence[str]) -> dict[str, Any]:
    """What the evaluator writes down of a prediction."""
    try:
        if task == CLASSES:
            if set(prediction.probabilities) != set(labels):
                raise KeyError(", ".join(prediction.probabilities))
            return {
                "decided": labels.index(prediction.label),
                "probabilities": [prediction.probabilities[label] for label in labels],
            }
        if task == ENTITIES:
            places = [(one.start, one.end, labels.index(one.label)) for one in prediction.entities]
            return {
                "spans": spans_text(places),
                "scores": [one.score for one in prediction.entities],
            }
        names = {"answer": "text", "score": "score", "start": "start", "end": "end"}
        return {name: getattr(prediction, attribute) for name, attribute in names.items()}
    except (AttributeError, KeyError, ValueError) as error:
        raise UsageError(
            f"the model does not answer with {', '.join(labels) or 'answers'} for {task}: {error}"
        ) from None


def _summary(
    task: str, report: Report, kinds: Sequence[str], metrics: Mapping[str, Any]
) -> dict[str, Any]:
    of_kinds = dict(zip(kinds, report.kinds[_SPLIT], strict=True))
    return {
        "task": task,
        "data": {
            **{"read": report.read, "kept": report.kept, "rejected": report.rejected},
            "rejected_because": dict(sorted(report.reasons.items())),
            "splits": report.splits,
            "kinds": {_SPLIT: of_kinds},
        },
        "metrics": {"test": metrics, "baseline": None, "ngram_baseline": None},
        "training": None,
    }


def settings_of_columns(
    path: str, column: str, label: str, classes: Sequence[str], slices: Sequence[str]
) -> DataSettings:
    """The settings of a file whose labels are the names of the classes.

    Args:
        path: Of the file.
        column: Of the texts.
        label: Of the labels.
        classes: Those of the model.
        slices: Columns by whose values the figures are broken down.

    Raises:
        UsageError: A column is named twice, or is a feature's.
    """
    settings = DataSettings(
        path, (column,), dict.fromkeys(classes), label=label, slices=tuple(slices)
    )
    if problems := list(TASKS.load(CLASSES, "data").problems(settings)):
        raise UsageError("; ".join(f"{key}: {problem}" for key, problem in problems))
    return settings


def with_input(settings: DataSettings, path: str) -> DataSettings:
    """The settings of a configuration for another file.

    Args:
        settings: Of the configuration.
        path: Of the file.
    """
    return dataclasses.replace(settings, input=path)
