"""Precision, recall and F1 of entities, as metrics that Model Analysis can run on any slice."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import apache_beam as beam
import numpy as np
import tensorflow_model_analysis as tfma
from tensorflow_model_analysis.metrics import metric_types, metric_util

from ....models.tasks.token_classification.metrics import (
    entity_counts,
    entity_report,
    shared_entities,
)
from ..calibration_bins import error_of, no_sums, sums_of
from ..spans import entity_rows

# A row of the predictions is an entity; these fill texts with fewer entities up.
NO_ENTITY = (0, 0, -1, 0)
FIGURES = ("precision", "recall", "f1", "macro_f1")
PER_TYPE = ("precision", "recall", "f1", "support")


class EntityFigures(tfma.metrics.Metric):
    """How many of the entities that a model finds are right, and how many of all it finds.

    The figures of seqeval, in its lenient mode: `precision`, `recall` and `f1` of all entities,
    under the metric's own name the F1; `macro_f1`, the mean F1 of the types; the first three and
    `support` of each type, with its index as the class id; and `ece`, how far the scores of the
    entities are from how often they are right. All are computed from counts, which Beam merges.
    """

    def __init__(self, types: Sequence[str], name: str = "f1"):
        """Configures the metric.

        Args:
            types: Names of the types of entities, in the order of their index.
            name: Key of the F1 in the results.
        """
        super().__init__(
            metric_util.merge_per_key_computations(_computations), name=name, types=list(types)
        )


metric_types.register_metric(EntityFigures)


def _computations(
    types: list[str],
    eval_config: Any = None,
    model_name: str = "",
    output_name: str = "",
    **_: Any,
) -> list[metric_types.MetricComputation]:
    def key(name: str, type_index: int | None = None) -> metric_types.MetricKey:
        sub_key = None if type_index is None else metric_types.SubKey(class_id=type_index)
        return metric_types.MetricKey(
            name=name, model_name=model_name, output_name=output_name, sub_key=sub_key
        )

    of_all = {name: key(name) for name in (*FIGURES, "ece")}
    of_types = [{name: key(name, index) for name in PER_TYPE} for index in range(len(types))]
    keys = [*of_all.values(), *(key for of_type in of_types for key in of_type.values())]
    combiner = _Combiner(types, of_all, of_types, eval_config)
    return [metric_types.MetricComputation(keys=keys, preprocessors=None, combiner=combiner)]


class _Combiner(beam.CombineFn):
    """Sums up the `entity_counts` of each text and the `sums_of` its scores."""

    def __init__(
        self,
        types: list[str],
        of_all: dict[str, metric_types.MetricKey],
        of_types: list[dict[str, metric_types.MetricKey]],
        eval_config: Any,
    ):
        self._types = types
        self._of_all = of_all
        self._of_types = of_types
        self._eval_config = eval_config
        key = of_all["f1"]
        self._names = {"model_name": key.model_name, "output_name": key.output_name}

    def create_accumulator(self) -> list[np.ndarray]:
        return [np.zeros((len(self._types), 3), np.int64), no_sums()]

    def add_input(self, accumulator: list[np.ndarray], element: Any) -> list[np.ndarray]:
        counts, sums = accumulator
        rows = metric_util.to_label_prediction_example_weight(
            element, eval_config=self._eval_config, flatten=False, squeeze=False, **self._names
        )
        for label, prediction, _ in rows:
            there = entity_rows([label.item().decode()])
            entities = prediction[prediction[:, 2] >= 0]
            found = np.insert(entities[:, :3].astype(np.int64), 0, 0, axis=1)
            counts += entity_counts(found, there, len(self._types))
            shared = shared_entities(found, there)
            right = (found[:, None] == shared[None]).all(axis=2).any(axis=1)
            sums += sums_of(entities[:, 3], right)
        return accumulator

    def merge_accumulators(self, accumulators: Iterable[list[np.ndarray]]) -> list[np.ndarray]:
        return [np.sum(parts, axis=0) for parts in zip(*accumulators, strict=True)]

    def extract_output(self, accumulator: list[np.ndarray]) -> dict[Any, float]:
        counts, sums = accumulator
        report = entity_report(counts, self._types)
        found = {key: float(report[name]) for name, key in self._of_all.items() if name != "ece"}
        found[self._of_all["ece"]] = error_of(sums)
        for name, keys in zip(self._types, self._of_types, strict=True):
            found.update({key: float(report["per_class"][name][of]) for of, key in keys.items()})
        return found
