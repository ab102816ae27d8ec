"""What the tasks share of Model Analysis: metrics, a threshold, and how a figure is read."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import tensorflow_model_analysis as tfma


def specs_of(
    output: str, metric: type[tfma.metrics.Metric], config: Mapping[str, Any], bound: float
) -> list[tfma.MetricsSpec]:
    """One metric of this package that gives all figures of a task, and the number of examples.

    Args:
        output: Of the model, as `Evaluation.extract` gives it.
        metric: Its class.
        config: What it is made with; `name` is that of the figure that has to be good.
        bound: See `at_least`.
    """
    figures = tfma.MetricConfig(
        class_name=metric.__name__,
        module=metric.__module__,
        # Model Analysis puts braces around it.
        config=json.dumps(config)[1:-1],
        per_slice_thresholds=[at_least(bound)],
    )
    count = tfma.MetricConfig(class_name="ExampleCount")
    return [tfma.MetricsSpec(output_names=[output], metrics=[count, figures])]


def at_least(bound: float) -> tfma.PerSliceMetricThreshold:
    """A threshold on the whole split: a slice of a few texts is no measure of a model.

    Args:
        bound: Figure below which a model is not blessed.
    """
    threshold = tfma.GenericValueThreshold(lower_bound={"value": bound})
    return tfma.PerSliceMetricThreshold(
        slicing_specs=[tfma.SlicingSpec()],
        threshold=tfma.MetricThreshold(value_threshold=threshold),
    )


def number(metric: Mapping[str, float]) -> float | None:
    """The number, or None where it is undefined, such as the recall of a class without rows.

    Args:
        metric: As Model Analysis gives it.

    Example:
        >>> number({"doubleValue": 0.5}), number({"doubleValue": float("nan")})
        (0.5, None)
    """
    value = float(metric["doubleValue"])
    return None if math.isnan(value) else value
