"""Expected calibration error, as a metric that Model Analysis can run on any slice."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import apache_beam as beam
import numpy as np
import tensorflow_model_analysis as tfma
from tensorflow_model_analysis.metrics import metric_types, metric_util

BINS = 15


class ExpectedCalibrationError(tfma.metrics.Metric):
    """How far the probability of the most probable class is from how often it is right.

    The same figure as `models.expected_calibration_error`, computed from counts per
    bin so that Beam can merge the parts of a split (Guo et al., ICML 2017, equation 3).
    """

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
        return np.zeros((2, BINS))

    def add_input(self, accumulator: np.ndarray, element: Any) -> np.ndarray:
        rows = metric_util.to_label_prediction_example_weight(
            element, eval_config=self._eval_config, flatten=False, **self._names
        )
        for label, prediction, _ in rows:
            confidence = prediction.max()
            index = min(max(int(np.ceil(confidence * BINS)) - 1, 0), BINS - 1)
            accumulator[0, index] += 1
            accumulator[1, index] += confidence - (prediction.argmax() == label.item())
        return accumulator

    def merge_accumulators(self, accumulators: Iterable[np.ndarray]) -> np.ndarray:
        return np.sum(list(accumulators), axis=0)

    def extract_output(self, accumulator: np.ndarray) -> dict[Any, float]:
        rows, gaps = accumulator
        return {self._key: float(np.abs(gaps).sum() / rows.sum()) if rows.sum() else float("nan")}
