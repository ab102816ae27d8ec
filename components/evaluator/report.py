"""The results of Model Analysis as plain JSON, and in words why a model was not blessed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow_model_analysis as tfma

from ..task_registry import TASKS


def read_metrics(
    task: str, directory: str, labels: Sequence[str], model_name: str
) -> dict[str, Any] | None:
    """Reads the metrics of one model.

    Args:
        task: Name of the model's task.
        directory: Where Model Analysis wrote its results.
        labels: Class names, in the order of their index.
        model_name: As the evaluation's configuration names it; Model Analysis drops the name
            where there was only one model.

    Returns:
        What the task reads of them, and `slices` with the same of each slice, by
        "feature=value"; None where that model was not evaluated.
    """
    result = tfma.load_eval_result(directory, model_name=model_name)
    if result is None or not result.slicing_metrics:
        return None
    read = TASKS.load(task, "evaluation").read
    plots = {_slice_name(key): value for key, value in result.plots}
    overall: dict[str, Any] = {}
    slices = {}
    for key, metrics in result.slicing_metrics:
        name = _slice_name(key)
        report = read(metrics, plots.get(name, {}), labels)
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
