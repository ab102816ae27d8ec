"""What Model Analysis computes: how many texts there are, and the mean share of odd tokens."""

from __future__ import annotations

import numpy as np
import tensorflow_model_analysis as tfma

LABEL = "letters"


def metrics_specs(settings, task_config):
    some = tfma.MetricThreshold(
        value_threshold=tfma.GenericValueThreshold(lower_bound={"value": 1.0})
    )
    count = tfma.MetricConfig(
        class_name="ExampleCount",
        per_slice_thresholds=[
            tfma.PerSliceMetricThreshold(slicing_specs=[tfma.SlicingSpec()], threshold=some)
        ],
    )
    mean = tfma.MetricConfig(class_name="MeanPrediction")
    return [tfma.MetricsSpec(output_names=["share"], metrics=[count, mean])]


def extract(outputs, labels):
    return {"share": np.asarray(outputs["share"], np.float32).reshape(-1, 1)}


def read(metrics, plots, labels):
    found = metrics["share"][""]
    return {
        "examples": round(found["example_count"]["doubleValue"]),
        "odd": found["mean_prediction"]["doubleValue"],
    }
