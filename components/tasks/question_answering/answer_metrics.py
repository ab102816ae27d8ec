"""Exact match and F1 of answers, as a metric that Model Analysis can run on any slice."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import apache_beam as beam
import numpy as np
import tensorflow_model_analysis as tfma
from tensorflow_model_analysis.metrics import metric_types, metric_util

from ....models.tasks.question_answering.metrics import exact_match, f1_score
from ..calibration_bins import error_of, no_sums, sums_of

# A row of the predictions: the answer and its score.
ANSWER, SCORE = range(2)
# Of all questions; of each kind of questions below its name, and how many they are.
FIGURES = ("f1", "exact")
KINDS = ("has_answer", "no_answer")
EXAMPLES = "examples"
ECE = "ece"


class AnswerFigures(tfma.metrics.Metric):
    """How many answers are right, and how much those that are not have in common with right ones.

    The figures of SQuAD's scripts, as shares: `exact`, the share of answers that say what a right
    one says, and under the metric's own name the mean F1 of their words; the same of the
    questions that have an answer, `has_answer_f1` and so on with `has_answer_examples`, and of
    those that have none; and `ece`, how far the scores are from how often answers are right. All
    are computed from sums, which Beam merges.
    """

    def __init__(self, name: str = "f1"):
        """Configures the metric.

        Args:
            name: Key of the F1 in the results.
        """
        super().__init__(metric_util.merge_per_key_computations(_computations), name=name)


metric_types.register_metric(AnswerFigures)


def key_of(kind: str, figure: str) -> str:
    """The name of a figure of one kind of questions in the results.

    Args:
        kind: One of `KINDS`.
        figure: One of `FIGURES`, or `EXAMPLES`.
    """
    return f"{kind}_{figure}"


def scores_of(answers: Iterable[str], lines: Iterable[str]) -> np.ndarray:
    """How good answers are.

    Args:
        answers: One of each question, "" for none.
        lines: The feature `answers` of each: JSON of the texts that are right, of which there
            are none where the question has no answer.

    Returns:
        F1 and exact match of each, float64 [n, 2].

    Example:
        >>> scores_of(["the red shoes", ""], ['["Red shoes", "shoes"]', '["blue"]']).tolist()
        [[1.0, 1.0], [0.0, 0.0]]
    """
    rows = [
        (f1_score(answer, right), exact_match(answer, right))
        for answer, right in zip(answers, map(json.loads, lines), strict=True)
    ]
    return np.array(rows, np.float64).reshape(-1, len(FIGURES))


def _computations(
    eval_config: Any = None, model_name: str = "", output_name: str = "", **_: Any
) -> list[metric_types.MetricComputation]:
    of_kinds = [key_of(kind, figure) for kind in KINDS for figure in (*FIGURES, EXAMPLES)]
    keys = {
        name: metric_types.MetricKey(name=name, model_name=model_name, output_name=output_name)
        for name in (*FIGURES, ECE, *of_kinds)
    }
    combiner = _Combiner(keys, eval_config)
    return [
        metric_types.MetricComputation(
            keys=list(keys.values()), preprocessors=None, combiner=combiner
        )
    ]


class _Combiner(beam.CombineFn):
    """Sums up of each kind of questions the figures and how many there are, and `sums_of`."""

    def __init__(self, keys: dict[str, metric_types.MetricKey], eval_config: Any):
        self._keys = keys
        self._eval_config = eval_config
        key = keys["f1"]
        self._names = {"model_name": key.model_name, "output_name": key.output_name}

    def create_accumulator(self) -> list[np.ndarray]:
        return [np.zeros((len(KINDS), len(FIGURES) + 1)), no_sums()]

    def add_input(self, accumulator: list[np.ndarray], element: Any) -> list[np.ndarray]:
        of_kinds, of_scores = accumulator
        rows = metric_util.to_label_prediction_example_weight(
            element, eval_config=self._eval_config, flatten=False, squeeze=False, **self._names
        )
        for label, prediction, _ in rows:
            line = label.item().decode()
            found = scores_of([prediction[ANSWER].decode()], [line])
            of_kinds[int(not json.loads(line))] += [*found[0], 1]
            of_scores += sums_of(np.array([prediction[SCORE]], np.float64), found[:, 1] == 1)
        return accumulator

    def merge_accumulators(self, accumulators: Iterable[list[np.ndarray]]) -> list[np.ndarray]:
        return [np.sum(parts, axis=0) for parts in zip(*accumulators, strict=True)]

    def extract_output(self, accumulator: list[np.ndarray]) -> dict[Any, float]:
        of_kinds, of_scores = accumulator
        found = {ECE: error_of(of_scores), **_means(of_kinds.sum(axis=0), FIGURES)}
        for kind, sums in zip(KINDS, of_kinds, strict=True):
            found.update(_means(sums, [key_of(kind, figure) for figure in FIGURES]))
            found[key_of(kind, EXAMPLES)] = float(sums[-1])
        return {self._keys[name]: value for name, value in found.items()}


def _means(sums: np.ndarray, names: Sequence[str]) -> dict[str, float]:
    """By name the mean; NaN of nothing."""
    *totals, count = sums.tolist()
    return {
        name: total / count if count else float("nan")
        for name, total in zip(names, totals, strict=True)
    }
