"""What the tasks share of Model Analysis: a threshold, and how a figure is read."""

from __future__ import annotations

import math
from collections.abc import Mapping

import tensorflow_model_analysis as tfma


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
