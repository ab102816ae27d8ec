"""What Model Analysis computes of a model that answers questions, and how its results are read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import tensorflow_model_analysis as tfma

from ....models.tasks.differences import Difference
from ...evaluator.predictions import Answers, Columns
from ...evaluator.settings import EvaluationSettings
from ..analysis import number, specs_of
from .answer_metrics import (
    ECE,
    EXAMPLES,
    FIGURES,
    KINDS,
    AnswerFigures,
    key_of,
    scores_of,
)

LABEL = "answers"
METRIC = "f1"
COLUMNS = Columns(
    truth=pa.field(LABEL, pa.string()),
    answers=(
        pa.field("answer", pa.string()),
        pa.field("score", pa.float32()),
        pa.field("start", pa.int64()),
        pa.field("end", pa.int64()),
    ),
)
# Name of the output that the metrics are computed of: its columns are those of a model.
ANSWERS = "answers"


def metrics_specs(
    settings: EvaluationSettings, task_config: Mapping[str, Any]
) -> list[tfma.MetricsSpec]:
    """The metrics of a model that answers questions.

    Args:
        settings: The thresholds of the blessing. What depends on other models, as
            `max_regression`, is judged by the differences, see `yardstick`.
        task_config: Not needed.

    Returns:
        Specs of the output that `extract` gives.
    """
    config = {"name": METRIC}
    return specs_of(ANSWERS, AnswerFigures, config, settings.min_f1)


def extract(outputs: Mapping[str, Any], labels: Sequence[bytes]) -> dict[str, np.ndarray]:
    """The answer to each question with its score, start and end, objects [batch, 4].

    Args:
        outputs: Of `serving_default`.
        labels: There are none.
    """
    columns = [np.asarray(outputs[field.name], object).ravel() for field in COLUMNS.answers]
    return {ANSWERS: np.stack(columns, axis=1)}


def judged(outputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What is written down of each question: its answer, with what belongs to it.

    Args:
        outputs: As `extract` gives them.
    """
    answer, *others = outputs[ANSWERS].T
    texts = np.array([text.decode() for text in answer], object)
    names = [field.name for field in COLUMNS.answers]
    return dict(zip(names, [texts, *others], strict=True))


def differences(
    candidate: Answers, reference: Answers, truth: np.ndarray, labels: Sequence[str]
) -> dict[str, Difference]:
    """How much better a model answers than another one: the paired bootstrap over questions.

    Args:
        candidate: Answers of the one.
        reference: Answers of the other.
        truth: What is right, [n] of the feature `answers`.
        labels: There are none.
    """
    one, other = (scores_of(answers["answer"], truth) for answers in (candidate, reference))
    return {
        name: Difference.of_mean(gains, random=np.random.default_rng(0))
        for name, gains in zip(FIGURES, (one - other).T, strict=True)
    }


def read(metrics: Mapping, plots: Mapping, labels: Sequence[str]) -> dict[str, Any]:
    """What `metrics.json` says of one slice.

    Args:
        metrics: By output, sub-key and name, as Model Analysis gives them.
        plots: There are none.
        labels: There are none.

    Returns:
        `examples`, `f1`, `exact` and `ece`; and the first three below `has_answer`, of the
        questions that have an answer, and below `no_answer`, of the others.
    """
    found = metrics[ANSWERS][""]
    return {
        EXAMPLES: round(found["example_count"]["doubleValue"]),
        **{name: number(found[name]) for name in (*FIGURES, ECE)},
        **{
            kind: {
                EXAMPLES: round(found[key_of(kind, EXAMPLES)]["doubleValue"]),
                **{name: number(found[key_of(kind, name)]) for name in FIGURES},
            }
            for kind in KINDS
        },
    }
