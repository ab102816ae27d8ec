"""What the node `exporter` does: choose the precision, fit the decision, write the SavedModel."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Sequence
from typing import Any

from tfx.dsl.io import fileio
from tfx.utils import path_utils

from ...models.tasks.registry import make_task
from ...serving.export import export_model
from ...serving.precision import choose_precision
from ...serving.settings import ExportSettings
from ...serving.text_models.encoder import EncoderModel
from ..tokenized_examples import read_tokenized
from ..trainer.trained_model import TrainedWeights

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
        trained_model: Directory with what `TrainedWeights` has saved.
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
    trained = TrainedWeights.load(trained_model)
    task = make_task(trained.task, **trained.task_config)
    cut = trained.truncation
    evaluation = read_tokenized(eval_files, "eval", task).cut(cut)
    # What is loaded has no name here, so that it goes where another format is served.
    served = choose_precision(
        task, trained.build(trained_model, encoder), settings.precision, evaluation, decide_for
    )
    # Calibrated as it is served.
    logits, layer = served.logits, served.classifier.encoder
    decision = task.fit_decision(logits, evaluation, decide_for)
    facts: dict[str, Any] = {
        "export": served.facts,
        **decision.facts(),
        **task.fitted(logits, evaluation, decision),
        "eval": task.evaluate(logits, evaluation, decision),
    }
    export_model(
        path_utils.serving_model_dir(model),
        task=task,
        model=EncoderModel(
            served.classifier, layer.tokenizer(cut.max_tokens, cut.kind), task.per_token
        ),
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
