"""Expected calibration error, as a metric that Model Analysis can run on any slice."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import apache_beam as beam
import numpy as np
import tensorflow_model_analysis as tfma
from tensorflow_model_analysis.metrics import metric_types, metric_util

from ..calibration_bins import error_of, no_sums, sums_of


class ExpectedCalibrationError(tfma.metrics.Metric):
    """How far the probability of the most probable class is from how often it is right."""

    def __init__(self, name: str = "ece"):
        """Names the metric.

        Args:
            name: Its key in the results.
        """
        super().__init__(metric_util.merge_per_key_computations(_computations), name=name)


metric_types.register_metric(ExpectedCalibrationError)


def _computations(
    name: str,
    eval_config: Any = None,
    model_name: str = "",
    output_name: str = "",
    sub_key: Any = None,
    **_: Any,
) -> list[metric_types.MetricComputation]:
    key = metric_types.MetricKey(
        name=name, model_name=model_name, output_name=output_name, sub_key=sub_key
    )
    combiner = _BinCombiner(key, eval_config, model_name, output_name)
    return [metric_types.MetricComputation(keys=[key], preprocessors=None, combiner=combiner)]


class _BinCombiner(beam.CombineFn):
    """Sums, for each bin of top probabilities: rows, and confidence minus correctness."""

    def __init__(self, key: Any, eval_config: Any, model_name: str, output_name: str):
        self._key = key
        self._eval_config = eval_config
        self._names = {"model_name": model_name, "output_name": output_name}

    def create_accumulator(self) -> np.ndarray:
        return no_sums()

    def add_input(self, accumulator: np.ndarray, element: Any) -> np.ndarray:
        rows = metric_util.to_label_prediction_example_weight(
            element, eval_config=self._eval_config, flatten=False, **self._names
        )
        for label, prediction, _ in rows:
            right = prediction.argmax() == label.item()
            accumulator += sums_of(np.array([prediction.max()]), np.array([right]))
        return accumulator

    def merge_accumulators(self, accumulators: Iterable[np.ndarray]) -> np.ndarray:
        return np.sum(list(accumulators), axis=0)

    def extract_output(self, accumulator: np.ndarray) -> dict[Any, float]:
        return {self._key: error_of(accumulator)}
