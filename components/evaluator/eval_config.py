"""What Model Analysis computes of a model: the metrics, their thresholds and the slices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow_model_analysis as tfma
from tensorflow_model_analysis.proto import config_pb2

from .calibration_metric import ExpectedCalibrationError
from .extractors import DECISION, PROBABILITIES
from .settings import EvaluationSettings

# Names of the models in the results; the baseline is the last blessed one.
CANDIDATE, BASELINE = "candidate", "baseline"


def build_eval_config(
    settings: EvaluationSettings, num_classes: int, slices: Sequence[str] = ()
) -> config_pb2.EvalConfig:
    """Configures the evaluation of a served model on raw text.

    Accuracy, precision, recall, F1 and the confusion matrix are taken of the decision, the
    class that `label` names. Model Analysis would cut every class's probability at 0.5 for
    them, which is another classifier; the calibration is taken of the probabilities.

    Args:
        settings: The thresholds of the blessing.
        num_classes: How many classes there are.
        slices: Features by whose values every metric is broken down.

    Returns:
        The configuration, for a candidate and a baseline model.
    """
    macro_f1 = _for_all_reviews(
        value_threshold=tfma.GenericValueThreshold(lower_bound={"value": settings.min_macro_f1}),
        change_threshold=tfma.GenericChangeThreshold(
            direction=tfma.MetricDirection.HIGHER_IS_BETTER,
            absolute={"value": -settings.max_regression},
        ),
    )
    accuracy = _for_all_reviews(
        value_threshold=tfma.GenericValueThreshold(lower_bound={"value": settings.min_accuracy})
    )
    classes = range(num_classes)
    decision = tfma.MetricsSpec(
        output_names=[DECISION],
        metrics=[
            tfma.MetricConfig(class_name="ExampleCount"),
            tfma.MetricConfig(
                class_name="SparseCategoricalAccuracy",
                config='"name": "accuracy"',
                per_slice_thresholds=[accuracy],
            ),
            tfma.MetricConfig(class_name="MultiClassConfusionMatrixPlot"),
        ],
    )
    per_class = tfma.MetricsSpec(
        output_names=[DECISION],
        binarize=tfma.BinarizationOptions(class_ids={"values": classes}),
        metrics=[
            tfma.MetricConfig(class_name=name, config=f'"name": "{alias}"')
            for name, alias in (("Precision", "precision"), ("Recall", "recall"), ("F1Score", "f1"))
        ],
    )
    # A macro average in Model Analysis needs the weight of every class spelt out.
    macro = tfma.MetricsSpec(
        output_names=[DECISION],
        aggregate=tfma.AggregationOptions(
            macro_average=True, class_weights={index: 1.0 for index in classes}
        ),
        metrics=[
            tfma.MetricConfig(
                class_name="F1Score",
                config='"name": "macro_f1"',
                per_slice_thresholds=[macro_f1],
            )
        ],
    )
    calibration = tfma.MetricsSpec(
        output_names=[PROBABILITIES],
        metrics=[
            tfma.MetricConfig(
                class_name=ExpectedCalibrationError.__name__,
                module=ExpectedCalibrationError.__module__,
            ),
            tfma.MetricConfig(
                class_name="SparseCategoricalCrossentropy", config='"name": "log_loss"'
            ),
        ],
    )
    model = dict(signature_name="serving_default", label_key="label")
    return tfma.EvalConfig(
        model_specs=[
            tfma.ModelSpec(name=CANDIDATE, **model),
            tfma.ModelSpec(name=BASELINE, is_baseline=True, **model),
        ],
        slicing_specs=[
            tfma.SlicingSpec(),
            *(tfma.SlicingSpec(feature_keys=[feature]) for feature in slices),
        ],
        metrics_specs=[decision, per_class, macro, calibration],
    )


def _for_all_reviews(**threshold: Any) -> tfma.PerSliceMetricThreshold:
    """A threshold on the whole split: a slice of a few reviews is no measure of a model."""
    return tfma.PerSliceMetricThreshold(
        slicing_specs=[tfma.SlicingSpec()], threshold=tfma.MetricThreshold(**threshold)
    )
