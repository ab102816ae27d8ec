"""The results of Model Analysis as plain JSON, and in words why a model was not blessed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import tensorflow_model_analysis as tfma

from .extractors import DECISION, PROBABILITIES

METRICS_FILE = "metrics.json"


def read_metrics(directory: str, labels: Sequence[str], model_name: str) -> dict[str, Any] | None:
    """Reads the metrics of one model.

    Args:
        directory: Where Model Analysis wrote its results.
        labels: Class names, in the order of their index.
        model_name: As the evaluation's configuration names it; Model Analysis drops the name
            where there was only one model.

    Returns:
        `accuracy`, `macro_f1`, `ece`, `log_loss`, `examples`, `confusion_matrix` (rows are
        true classes), `per_class`, and `slices` with the same of each slice, by
        "feature=value"; None where that model was not evaluated.
    """
    result = tfma.load_eval_result(directory, model_name=model_name)
    if result is None or not result.slicing_metrics:
        return None
    plots = {_slice_name(key): value for key, value in result.plots}
    overall: dict[str, Any] = {}
    slices = {}
    for key, metrics in result.slicing_metrics:
        name = _slice_name(key)
        report = _report(metrics, plots.get(name, {}), labels)
        if name:
            slices[name] = report
        else:
            overall = report
    return {**overall, "slices": dict(sorted(slices.items()))}


def explain(directory: str) -> str:
    """Says in one line which thresholds a candidate missed.

    Args:
        directory: Where Model Analysis wrote its results.

    Returns:
        Such as "macro_f1 is 0.412, below 0.5"; empty where the candidate passed.
    """
    validation = tfma.load_validation_result(directory)
    return "; ".join(
        _sentence(failure)
        for per_slice in validation.metric_validations_per_slice
        for failure in per_slice.failures
    ) or ("" if validation.validation_ok else "a slice or a metric was missing")


def _sentence(failure: Any) -> str:
    name = failure.metric_key.name
    value = failure.metric_value.double_value.value
    if failure.metric_key.is_diff:
        allowed = failure.metric_threshold.change_threshold.absolute.value
        return (
            f"{name} changed by {value:+.4f} against the last blessed model, "
            f"more than evaluation.max_regression={-allowed:g} allows"
        )
    bound = failure.metric_threshold.value_threshold.lower_bound.value
    return f"{name} is {value:.4f}, below evaluation.min_{name}={bound:g}"


def _slice_name(key: Sequence[tuple[str, Any]]) -> str:
    return ", ".join(
        f"{feature}={value.decode() if isinstance(value, bytes) else value}"
        for feature, value in key
    )


def _report(metrics: Mapping, plots: Mapping, labels: Sequence[str]) -> dict[str, Any]:
    decision, probabilities = metrics[DECISION], metrics[PROBABILITIES][""]
    overall = decision[""]
    # Model Analysis puts the kind of aggregation into the name.
    macro_f1 = next(value for name, value in overall.items() if name.endswith("_macro_f1"))
    matrix = _confusion_matrix(plots.get(DECISION, {}), len(labels))
    return {
        "examples": round(float(overall["example_count"]["doubleValue"])),
        "accuracy": _value(overall["accuracy"]),
        "macro_f1": _value(macro_f1),
        "ece": _value(probabilities["ece"]),
        "log_loss": _value(probabilities["log_loss"]),
        "per_class": {
            label: {
                **{
                    name: _value(decision[f"classId:{index}"][name])
                    for name in ("precision", "recall", "f1")
                },
                "support": sum(matrix[index]),
            }
            for index, label in enumerate(labels)
        },
        "confusion_matrix": matrix,
    }


def _value(metric: Mapping[str, float]) -> float | None:
    """The number, or None where it is undefined, such as the recall of a class without rows."""
    value = float(metric["doubleValue"])
    return None if math.isnan(value) else value


def _confusion_matrix(plots: Mapping, num_classes: int) -> list[list[int]]:
    matrix = [[0] * num_classes for _ in range(num_classes)]
    for plot in plots.values():
        for threshold in plot["multiClassConfusionMatrixAtThresholds"]["matrices"]:
            for entry in threshold["entries"]:
                # Zeros are left out of the JSON form of a proto.
                true, named = entry.get("actualClassId", 0), entry.get("predictedClassId", 0)
                matrix[true][named] = round(entry.get("numWeightedExamples", 0))
    return matrix
