"""What Model Analysis is fed: the probabilities a model serves, and the class it names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import apache_beam as beam
import numpy as np
import tensorflow_model_analysis as tfma
from tensorflow_model_analysis.extractors import predictions_extractor

# Names of the outputs that the metrics are computed of.
PROBABILITIES, DECISION = "probabilities", "decision"


def custom_extractors(
    eval_shared_model: Any, eval_config: Any, tensor_adapter_config: Any
) -> list[tfma.extractors.Extractor]:
    """The standard extractors, and after the predictions the decision as a one-hot vector.

    TFX's Evaluator finds this function by its name in the module it is told of.

    Args:
        eval_shared_model: The candidate, or a list of candidate and baseline.
        eval_config: The configuration of the evaluation.
        tensor_adapter_config: How examples become tensors.

    Returns:
        The extractors, in the order in which they run.
    """
    models = eval_shared_model if isinstance(eval_shared_model, list) else [eval_shared_model]
    labels = {model.model_name: _labels(model.model_path) for model in models}
    extractors = tfma.default_extractors(
        eval_shared_model=eval_shared_model,
        eval_config=eval_config,
        tensor_adapter_config=tensor_adapter_config,
    )
    names = [extractor.stage_name for extractor in extractors]
    position = names.index(predictions_extractor.PREDICTIONS_EXTRACTOR_STAGE_NAME) + 1
    decide = tfma.extractors.Extractor("ExtractDecision", _ExtractDecision(labels))
    return [*extractors[:position], decide, *extractors[position:]]


def _labels(model_path: str) -> list[bytes]:
    with beam.io.filesystems.FileSystems.open(f"{model_path}/assets/labels.txt") as file:
        return file.read().splitlines()


class _ExtractDecision(beam.PTransform):
    """Adds the decision to the predictions of every model."""

    def __init__(self, labels: Mapping[str, list[bytes]]):
        super().__init__()
        self._labels = labels

    def expand(self, extracts: beam.PCollection) -> beam.PCollection:
        return extracts | "Decide" >> beam.Map(_add_decision, labels=self._labels)


def _add_decision(extracts: dict[str, Any], labels: Mapping[str, list[bytes]]) -> dict[str, Any]:
    predictions = extracts[tfma.PREDICTIONS_KEY]
    decided: dict[str, Any]
    if len(labels) == 1:
        decided = _decide(predictions, next(iter(labels.values())))
    else:
        decided = {name: _decide(predictions[name], labels[name]) for name in labels}
    return {**extracts, tfma.PREDICTIONS_KEY: decided}


def _decide(outputs: Mapping[str, np.ndarray], labels: list[bytes]) -> dict[str, np.ndarray]:
    """The served outputs, as the metrics want them: float [batch, classes] each."""
    named = np.asarray(outputs["label"]).reshape(-1, 1)
    return {
        PROBABILITIES: outputs["probabilities"],
        DECISION: (named == np.array(labels)[None, :]).astype(np.float32),
    }
