"""What the node `exporter` does: choose the precision, fit the decision, write the SavedModel."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Sequence
from typing import Any

from tfx.dsl.io import fileio
from tfx.utils import path_utils

from ...models.tasks.text_classification.calibration import softmax
from ...models.tasks.text_classification.decision import Decision
from ...models.tasks.text_classification.metrics import (
    classification_report,
    expected_calibration_error,
)
from ...serving.export import export_classifier
from ...serving.precision import choose_precision
from ...serving.settings import ExportSettings
from ..tokenized_examples import read_tokenized
from ..trainer.trained_model import TrainedClassifier

EXPORT_FILE = "export.json"


def export_trained(
    trained_model: str,
    *,
    encoder: str,
    eval_files: Sequence[str],
    model: str,
    settings: ExportSettings,
    decide_for: str,
) -> None:
    """Makes of trained weights the SavedModel that takes raw text.

    Args:
        trained_model: Directory with what `TrainedClassifier` has saved.
        encoder: Directory of the encoder that was fine-tuned.
        eval_files: Patterns of the transformed examples of the eval split.
        model: Directory of the artifact, which receives the SavedModel, where TFX looks for
            it, and `export.json`.
        settings: The form in which it is served.
        decide_for: What the decision is tuned for, `macro_f1` or `accuracy`.

    Raises:
        RunError: If the split is empty, or the encoder cannot be served in the precision asked
            for.
    """
    trained = TrainedClassifier.load(trained_model)
    evaluation = read_tokenized(eval_files, "eval", "label")
    # Without a name of its own, so that it can go where another format is served.
    served = choose_precision(
        trained.build(trained_model, encoder), settings.precision, evaluation, decide_for
    )
    # Calibrated as it is served.
    logits, layer = served.logits, served.classifier.encoder
    decision = Decision.fit(logits, evaluation.labels, decide_for)
    probabilities = decision.probabilities(logits)
    facts: dict[str, Any] = {
        "export": served.facts,
        "temperature": decision.calibration.temperature,
        "stretch": decision.calibration.stretch,
        "biases": list(decision.calibration.biases),
        "offsets": list(decision.offsets),
        "ece_before": expected_calibration_error(softmax(logits), evaluation.labels),
        "ece_after": expected_calibration_error(probabilities, evaluation.labels),
        "eval": classification_report(
            probabilities, decision.classes(logits), evaluation.labels, trained.labels
        ),
    }
    export_classifier(
        path_utils.serving_model_dir(model),
        classifier=served.classifier,
        tokenizer=layer.tokenizer(trained.model.max_tokens),
        labels=trained.labels,
        decision=decision,
        details={
            "encoder": trained.encoder,
            "model": dataclasses.asdict(trained.model),
            "training": dataclasses.asdict(trained.training),
            "export": served.facts,
            "eval": facts["eval"],
        },
    )
    with fileio.open(os.path.join(model, EXPORT_FILE), "w") as file:
        file.write(json.dumps(facts, indent=2))
