"""What Model Analysis computes of a model: the metrics, their thresholds and the slices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import tensorflow_model_analysis as tfma
from tensorflow_model_analysis.proto import config_pb2

from ..task_registry import TASKS
from .settings import EvaluationSettings

# Names of the models in the results; the baseline is the last blessed one.
CANDIDATE, BASELINE = "candidate", "baseline"


def build_eval_config(
    task: str,
    task_config: Mapping[str, Any],
    settings: EvaluationSettings,
    slices: Sequence[str] = (),
) -> config_pb2.EvalConfig:
    """Configures the evaluation of a served model on raw text.

    Args:
        task: Name of the task, which says what the metrics are.
        task_config: What the task is made of, such as its labels.
        settings: The thresholds of the blessing.
        slices: Features by whose values every metric is broken down.

    Returns:
        The configuration, for a candidate and a baseline model.
    """
    evaluation = TASKS.load(task, "evaluation")
    model = dict(signature_name="serving_default", label_key=evaluation.LABEL)
    return tfma.EvalConfig(
        model_specs=[
            tfma.ModelSpec(name=CANDIDATE, **model),
            tfma.ModelSpec(name=BASELINE, is_baseline=True, **model),
        ],
        slicing_specs=[
            tfma.SlicingSpec(),
            *(tfma.SlicingSpec(feature_keys=[feature]) for feature in slices),
        ],
        metrics_specs=evaluation.metrics_specs(settings, task_config),
    )
