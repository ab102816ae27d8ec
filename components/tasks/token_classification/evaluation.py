"""What Model Analysis computes of a model that finds entities, and how its results are read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import tensorflow_model_analysis as tfma

from ....models.tasks.differences import Difference
from ....models.tasks.token_classification.comparison import compare_counts, counts_of_texts
from ...evaluator.predictions import Answers, Columns
from ...evaluator.settings import EvaluationSettings
from ..analysis import number, specs_of
from ..spans import entity_rows, spans_text
from .entity_metrics import FIGURES, NO_ENTITY, PER_TYPE, EntityFigures

LABEL = "spans"
METRIC = "f1"
COLUMNS = Columns(
    truth=pa.field(LABEL, pa.string()),
    answers=(pa.field("spans", pa.string()), pa.field("scores", pa.list_(pa.float32()))),
)
# Name of the output that the metrics are computed of.
ENTITIES = "entities"


def metrics_specs(
    settings: EvaluationSettings, task_config: Mapping[str, Any]
) -> list[tfma.MetricsSpec]:
    """The metrics of a model that finds entities.

    Args:
        settings: The thresholds of the blessing. What depends on other models, as
            `max_regression`, is judged by the differences, see `yardstick`.
        task_config: `labels`: the names of the types.

    Returns:
        Specs of the output that `extract` gives.
    """
    config = {"name": METRIC, "types": list(task_config["labels"])}
    return specs_of(ENTITIES, EntityFigures, config, settings.min_f1)


def extract(outputs: Mapping[str, Any], labels: Sequence[bytes]) -> dict[str, np.ndarray]:
    """Start, end, type and score of each entity, float64 [batch, most entities, 4].

    Args:
        outputs: Of `serving_default`.
        labels: The types.

    Returns:
        Rows that are no entity are `NO_ENTITY`, at least one of them in an empty answer.
    """
    names = np.asarray(outputs["label"])
    index = {label: place for place, label in enumerate(labels)}
    types = np.vectorize(lambda name: index.get(name, -1), otypes=[float])(names)
    columns = (outputs["start"], outputs["end"], types, outputs["score"])
    entities = np.stack([np.asarray(column, np.float64) for column in columns], axis=-1)
    there = np.arange(names.shape[1]) < np.asarray(outputs["count"]).reshape(-1, 1)
    entities[~there] = NO_ENTITY
    none = np.broadcast_to(NO_ENTITY, (len(entities), 1, len(NO_ENTITY)))
    return {ENTITIES: entities if names.shape[1] else none}


def judged(outputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What is written down of each text: its entities, as the feature `spans` has them.

    Args:
        outputs: As `extract` gives them.
    """
    rows = [entities[entities[:, 2] >= 0] for entities in outputs[ENTITIES]]
    scores = np.empty(len(rows), object)
    scores[:] = [entities[:, 3] for entities in rows]
    spans = [spans_text(entities[:, :3].astype(int).tolist()) for entities in rows]
    return {"spans": np.array(spans, object), "scores": scores}


def differences(
    candidate: Answers, reference: Answers, truth: np.ndarray, labels: Sequence[str]
) -> dict[str, Difference]:
    """How much better a model finds entities than another one, see `compare_counts`.

    Args:
        candidate: Answers of the one.
        reference: Answers of the other.
        truth: Entities that are there, [n] of `spans`.
        labels: The types.
    """
    there = entity_rows(truth)
    one, other = (
        counts_of_texts(entity_rows(answers["spans"]), there, len(truth))
        for answers in (candidate, reference)
    )
    return {METRIC: compare_counts(one, other, random=np.random.default_rng(0))}


def read(metrics: Mapping, plots: Mapping, labels: Sequence[str]) -> dict[str, Any]:
    """What `metrics.json` says of one slice.

    Args:
        metrics: By output, sub-key and name, as Model Analysis gives them.
        plots: There are none.
        labels: The types.

    Returns:
        `examples`, `f1`, `precision`, `recall`, `macro_f1`, `ece` and `per_class`.
    """
    found = metrics[ENTITIES]
    overall = found[""]
    return {
        "examples": round(overall["example_count"]["doubleValue"]),
        **{name: number(overall[name]) for name in (*FIGURES, "ece")},
        "per_class": {
            label: {
                **{name: number(found[f"classId:{index}"][name]) for name in PER_TYPE},
                "support": round(found[f"classId:{index}"]["support"]["doubleValue"]),
            }
            for index, label in enumerate(labels)
        },
    }
