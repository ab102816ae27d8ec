"""Figures of a classifier that are summed up row by row, as Model Analysis can on any slice.

Model Analysis has those of Keras for some of them, and spends seconds on making TensorFlow's
functions of each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import apache_beam as beam
import numpy as np
import tensorflow_model_analysis as tfma
from tensorflow_model_analysis.metrics import metric_types, metric_util

from ....models.tasks.probabilities import log_losses
from ..calibration_bins import error_of, no_sums, sums_of

# The sums of one row, of its class and the outputs of all classes; and the figure of sums.
_SumsOfRow = Callable[[int, np.ndarray], np.ndarray]
_FigureOf = Callable[[np.ndarray], float]


class Accuracy(tfma.metrics.Metric):
    """Share of the rows whose class has the largest output."""

    def __init__(self, name: str = "accuracy"):
        """Names the metric.

        Args:
            name: Its key in the results.
        """
        super().__init__(_computed(np.zeros(2), _right, _mean), name=name)


class LogLoss(tfma.metrics.Metric):
    """Mean of minus the logarithm of what the true class is given."""

    def __init__(self, name: str = "log_loss"):
        """Names the metric.

        Args:
            name: Its key in the results.
        """
        super().__init__(_computed(np.zeros(2), _loss, _mean), name=name)


class ExpectedCalibrationError(tfma.metrics.Metric):
    """How far the probability of the most probable class is from how often it is right."""

    def __init__(self, name: str = "ece"):
        """Names the metric.

        Args:
            name: Its key in the results.
        """
        super().__init__(_computed(no_sums(), _in_its_bin, error_of), name=name)


for _metric in (Accuracy, LogLoss, ExpectedCalibrationError):
    metric_types.register_metric(_metric)


def _right(label: int, outputs: np.ndarray) -> np.ndarray:
    return np.array([1.0, outputs.argmax() == label])


def _loss(label: int, outputs: np.ndarray) -> np.ndarray:
    (loss,) = log_losses(outputs[None], np.array([label]))
    return np.array([1.0, loss])


def _in_its_bin(label: int, outputs: np.ndarray) -> np.ndarray:
    return sums_of(np.array([outputs.max()]), np.array([outputs.argmax() == label]))


def _mean(sums: np.ndarray) -> float:
    count, total = sums
    return float(total / count) if count else float("nan")


def _computed(
    nothing: np.ndarray, sums_of_row: _SumsOfRow, figure_of: _FigureOf
) -> Callable[..., list[Any]]:
    """What Model Analysis is to compute: sums of rows, which Beam merges, and their figure."""

    def computations(
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
        combiner = _SumsCombiner(key, eval_config, nothing, sums_of_row, figure_of)
        return [metric_types.MetricComputation(keys=[key], preprocessors=None, combiner=combiner)]

    return metric_util.merge_per_key_computations(computations)


class _SumsCombiner(beam.CombineFn):
    def __init__(
        self,
        key: metric_types.MetricKey,
        eval_config: Any,
        nothing: np.ndarray,
        sums_of_row: _SumsOfRow,
        figure_of: _FigureOf,
    ):
        self._key = key
        self._eval_config = eval_config
        self._nothing = nothing
        self._sums_of_row = sums_of_row
        self._figure_of = figure_of

    def create_accumulator(self) -> np.ndarray:
        return self._nothing.copy()

    def add_input(self, accumulator: np.ndarray, element: Any) -> np.ndarray:
        rows = metric_util.to_label_prediction_example_weight(
            element,
            eval_config=self._eval_config,
            model_name=self._key.model_name,
            output_name=self._key.output_name,
            flatten=False,
        )
        for label, outputs, _ in rows:
            accumulator += self._sums_of_row(int(label.item()), outputs)
        return accumulator

    def merge_accumulators(self, accumulators: Iterable[np.ndarray]) -> np.ndarray:
        return np.sum(list(accumulators), axis=0)

    def extract_output(self, accumulator: np.ndarray) -> dict[Any, float]:
        return {self._key: self._figure_of(accumulator)}
