"""The figures of `metrics.json`, from the answers alone: the same without Model Analysis."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ....components.tasks.spans import entity_rows
from ....models.tasks.probabilities import calibration_error
from ....models.tasks.text_classification.metrics import classification_report, confusion_matrix
from ....models.tasks.token_classification.metrics import (
    entity_counts,
    entity_report,
    shared_entities,
)
from .answers import CANDIDATE, CLASSES, ENTITIES, PredictionsFile
from .scores import scores_of_answers


def metrics_of(file: PredictionsFile, split: str = "test") -> dict[str, Any]:
    """Computes what `metrics.json` says of a model, overall and per slice.

    Args:
        file: Its answers.
        split: To what examples.

    Example:
        `metrics_of(PredictionsFile("predictions.parquet"))["macro_f1"]`
    """
    answered = file.read([split], [CANDIDATE])
    said = answered.of[CANDIDATE]

    def of(rows: np.ndarray) -> dict[str, Any]:
        answers = {name: values[rows] for name, values in said.items()}
        return _figures(file.task, answers, answered.truth[rows], file.labels)

    slices = {}
    for name in file.slices:
        values = file.slice_values(name, answered.rows)
        told = np.array(["" if value is None else str(value) for value in values], object)
        for value in np.unique(told):
            slices[f"{name}={value}"] = of(np.flatnonzero(told == value))
    return {**of(np.arange(len(answered))), "slices": dict(sorted(slices.items()))}


def _figures(
    task: str, answers: Mapping[str, np.ndarray], truth: np.ndarray, labels: Sequence[str]
) -> dict[str, Any]:
    if task == CLASSES:
        return _of_classes(answers, truth, labels)
    return _of_entities(answers, truth, labels) if task == ENTITIES else _of_answers(answers, truth)


def _of_classes(
    answers: Mapping[str, np.ndarray], truth: np.ndarray, labels: Sequence[str]
) -> dict[str, Any]:
    decided = answers["decided"]
    report = classification_report(answers["probabilities"], decided, truth, labels)
    confusion = confusion_matrix(truth, decided, len(labels))
    for index, figures in enumerate(report["per_class"].values()):
        # Of nothing there is no share.
        if not confusion[:, index].any():
            figures["precision"] = None
        if not confusion[index].any():
            figures["recall"] = None
    return {"examples": len(truth), **report, "confusion_matrix": confusion.tolist()}


def _of_entities(
    answers: Mapping[str, np.ndarray], truth: np.ndarray, labels: Sequence[str]
) -> dict[str, Any]:
    found, there = entity_rows(answers["spans"]), entity_rows(truth)
    shared = set(map(tuple, shared_entities(found, there).tolist()))
    right = np.array([tuple(row) in shared for row in found.tolist()], bool)
    scores = np.array([score for of in answers["scores"] for score in of], np.float64)
    return {
        "examples": len(truth),
        **entity_report(entity_counts(found, there, len(labels)), labels),
        "ece": calibration_error(scores, right) if len(right) else None,
    }


def _of_answers(answers: Mapping[str, np.ndarray], truth: np.ndarray) -> dict[str, Any]:
    scores = scores_of_answers(answers, truth)
    there = np.array([bool(json.loads(right)) for right in truth], bool)
    confidence = answers["score"].astype(np.float64)
    return {
        **_means(scores),
        "ece": calibration_error(confidence, scores[:, 1] == 1),
        "has_answer": _means(scores[there]),
        "no_answer": _means(scores[~there]),
    }


def _means(scores: np.ndarray) -> dict[str, Any]:
    means = scores.mean(axis=0).tolist() if len(scores) else [None, None]
    return {"examples": len(scores), "f1": means[0], "exact": means[1]}
