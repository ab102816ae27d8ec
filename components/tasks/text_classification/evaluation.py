"""What Model Analysis computes of a classifier, and how its results are read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import tensorflow_model_analysis as tfma

from ....models.tasks.differences import Difference
from ....models.tasks.text_classification.comparison import Judged, compare
from ....models.tasks.text_classification.metrics import classification_report
from ...evaluator.predictions import Answers, Columns
from ...evaluator.settings import EvaluationSettings
from ..analysis import at_least, number
from .row_metrics import Accuracy, ExpectedCalibrationError, LogLoss

LABEL = "label"
METRIC = "macro_f1"
COLUMNS = Columns(
    truth=pa.field(LABEL, pa.int64()),
    answers=(
        pa.field("decided", pa.int64()),
        pa.field("probabilities", pa.list_(pa.float32())),
    ),
)
# Names of the outputs that the metrics are computed of.
PROBABILITIES, DECISION = "probabilities", "decision"


def metrics_specs(
    settings: EvaluationSettings, task_config: Mapping[str, Any]
) -> list[tfma.MetricsSpec]:
    """The metrics of a classifier.

    Accuracy, precision, recall, F1 and the confusion matrix are taken of the decision, the
    class that `label` names. Model Analysis would cut every class's probability at 0.5 for
    them, which is another classifier; the calibration is taken of the probabilities.

    Args:
        settings: The thresholds of the blessing. What depends on other models, as
            `max_regression`, is judged by the differences, see `yardstick`.
        task_config: `labels`: the names of the classes.

    Returns:
        Specs of the outputs that `extract` gives.
    """
    classes = range(len(task_config["labels"]))
    decision = tfma.MetricsSpec(
        output_names=[DECISION],
        metrics=[
            tfma.MetricConfig(class_name="ExampleCount"),
            _own(Accuracy, per_slice_thresholds=[at_least(settings.min_accuracy)]),
            tfma.MetricConfig(class_name="MultiClassConfusionMatrixPlot"),
        ],
    )
    per_class = tfma.MetricsSpec(
        output_names=[DECISION],
        binarize=tfma.BinarizationOptions(class_ids={"values": classes}),
        metrics=[
            tfma.MetricConfig(class_name=name, config=f'"name": "{alias}"')
            for name, alias in (("Precision", "precision"), ("Recall", "recall"), ("F1Score", "f1"))
        ],
    )
    # A macro average in Model Analysis needs the weight of every class spelt out.
    macro = tfma.MetricsSpec(
        output_names=[DECISION],
        aggregate=tfma.AggregationOptions(
            macro_average=True, class_weights={index: 1.0 for index in classes}
        ),
        metrics=[
            tfma.MetricConfig(
                class_name="F1Score",
                config='"name": "macro_f1"',
                per_slice_thresholds=[at_least(settings.min_macro_f1)],
            )
        ],
    )
    calibration = tfma.MetricsSpec(
        output_names=[PROBABILITIES],
        metrics=[_own(ExpectedCalibrationError), _own(LogLoss)],
    )
    return [decision, per_class, macro, calibration]


def _own(metric: type[tfma.metrics.Metric], **settings: Any) -> tfma.MetricConfig:
    return tfma.MetricConfig(class_name=metric.__name__, module=metric.__module__, **settings)


def extract(outputs: Mapping[str, Any], labels: Sequence[bytes]) -> dict[str, np.ndarray]:
    """The probabilities, and the decision as a one-hot vector; float [batch, classes] each.

    Args:
        outputs: Of `serving_default`.
        labels: The classes.
    """
    named = np.asarray(outputs["label"]).reshape(-1, 1)
    return {
        PROBABILITIES: outputs["probabilities"],
        DECISION: (named == np.array(labels)[None, :]).astype(np.float32),
    }


def judged(outputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What is written down of each example.

    Args:
        outputs: As `extract` gives them.
    """
    return {
        "decided": outputs[DECISION].argmax(axis=1),
        "probabilities": outputs[PROBABILITIES],
    }


def figures(answers: Answers, truth: np.ndarray, labels: Sequence[str]) -> dict[str, Any]:
    """What `metrics.json` says of a classifier that Model Analysis has not seen.

    Args:
        answers: Its own.
        truth: True class indices, int [n].
        labels: The classes.

    Returns:
        `accuracy`, `macro_f1`, `ece`, `log_loss` and `per_class`.
    """
    return classification_report(answers["probabilities"], answers["decided"], truth, labels)


def differences(
    candidate: Answers, reference: Answers, truth: np.ndarray, labels: Sequence[str]
) -> dict[str, Difference]:
    """How much better a classifier is than another one, see `comparison.compare`.

    Args:
        candidate: Answers of the one.
        reference: Answers of the other.
        truth: True class indices, int [n].
        labels: The classes.
    """
    return compare(Judged(**candidate), Judged(**reference), truth, len(labels))


def read(metrics: Mapping, plots: Mapping, labels: Sequence[str]) -> dict[str, Any]:
    """What `metrics.json` says of one slice.

    Args:
        metrics: By output, sub-key and name, as Model Analysis gives them.
        plots: Likewise.
        labels: The classes.

    Returns:
        `examples`, `accuracy`, `macro_f1`, `ece`, `log_loss`, `per_class` and
        `confusion_matrix` (rows are true classes).
    """
    decision, probabilities = metrics[DECISION], metrics[PROBABILITIES][""]
    overall = decision[""]
    # Model Analysis puts the kind of aggregation into the name.
    macro_f1 = next(value for name, value in overall.items() if name.endswith("_macro_f1"))
    matrix = _confusion_matrix(plots.get(DECISION, {}), len(labels))
    return {
        "examples": round(float(overall["example_count"]["doubleValue"])),
        "accuracy": number(overall["accuracy"]),
        "macro_f1": number(macro_f1),
        "ece": number(probabilities["ece"]),
        "log_loss": number(probabilities["log_loss"]),
        "per_class": {
            label: {
                **{
                    name: number(decision[f"classId:{index}"][name])
                    for name in ("precision", "recall", "f1")
                },
                "support": sum(matrix[index]),
            }
            for index, label in enumerate(labels)
        },
        "confusion_matrix": matrix,
    }


def _confusion_matrix(plots: Mapping, num_classes: int) -> list[list[int]]:
    matrix = [[0] * num_classes for _ in range(num_classes)]
    for plot in plots.values():
        for threshold in plot["multiClassConfusionMatrixAtThresholds"]["matrices"]:
            for entry in threshold["entries"]:
                # Zeros are left out of the JSON form of a proto.
                true, named = entry.get("actualClassId", 0), entry.get("predictedClassId", 0)
                matrix[true][named] = round(entry.get("numWeightedExamples", 0))
    return matrix
