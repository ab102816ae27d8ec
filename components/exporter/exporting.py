"""What the node `exporter` does: choose precision and wide part, fit the decision, write it all."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from tfx.dsl.io import fileio
from tfx.utils import path_utils

from ...errors import RunError
from ...models.ngrams.stacking import fit_stacking
from ...models.tasks.base import Task
from ...models.tasks.registry import make_task
from ...models.training.tokenized import TokenizedTexts
from ...progress import report
from ...serving.export import export_model
from ...serving.precision import choose_precision
from ...serving.settings import ExportSettings
from ...serving.text_models.base import TextModel
from ...serving.text_models.encoder import EncoderModel
from ...serving.text_models.ngrams import NgramModel
from ...serving.text_models.wide import WideModel
from ..ngram_examples import read_ngrams, read_tokens_and_ngrams
from ..ngram_trainer.trained_ngrams import TrainedNgrams
from ..tokenized_examples import read_tokenized
from ..trainer.trained_model import TrainedWeights

EXPORT_FILE = "export.json"


def export_trained(
    trained_model: str | None,
    *,
    encoder: str | None,
    eval_files: Sequence[str],
    model: str,
    settings: ExportSettings,
    decide_for: str,
    ngrams: str | None = None,
    wide: str = "auto",
    columns: Mapping[str, Any] | None = None,
) -> None:
    """Makes of trained weights the SavedModel that takes raw text.

    Args:
        trained_model: Directory with what `TrainedWeights` has saved; None for the n-gram
            classifier alone.
        encoder: Directory of the encoder that was fine-tuned, None likewise.
        eval_files: Patterns of the transformed examples of the eval split.
        model: Directory of the artifact, which receives the SavedModel, where TFX looks for
            it, and `export.json`.
        settings: The form in which it is served.
        decide_for: What the decision is tuned for: `macro_f1`, `accuracy` or `both`.
        ngrams: Directory with what `TrainedNgrams` has saved; None for the encoder alone.
        wide: Whether the n-gram classifier answers beside the encoder: `on`, `off`, or `auto`,
            where that lowers the log loss of the eval split by more than its standard error.
        columns: Those of the files that the model reads, see `review_example_gen.columns`;
            `model.json` shall say them.

    Raises:
        RunError: If the split is empty, or the encoder cannot be served in the precision asked
            for.
    """
    if trained_model is not None and encoder is not None:
        beside = None if wide == "off" else ngrams
        chosen = _with_encoder(
            trained_model, encoder, beside, wide, eval_files, settings.precision, decide_for
        )
    elif ngrams is not None:
        chosen = _ngrams_alone(ngrams, eval_files)
    else:
        raise RunError("there is neither an encoder nor an n-gram classifier to be exported")
    task, logits, evaluation = chosen.task, chosen.logits, chosen.evaluation
    report(0, None, "fitting calibration and decision on the eval split")
    # Calibrated as it is served.
    decision = task.fit_decision(logits, evaluation, decide_for)
    facts: dict[str, Any] = {
        **chosen.facts,
        **decision.facts(),
        **task.fitted(logits, evaluation, decision),
        "eval": task.evaluate(logits, evaluation, decision),
    }
    report(0, None, "exporting the model with its tokenizer")
    export_model(
        path_utils.serving_model_dir(model),
        task=task,
        model=chosen.model,
        decision=decision,
        details={
            **({"columns": columns} if columns else {}),
            **chosen.details,
            **chosen.facts,
            "eval": facts["eval"],
        },
    )
    with fileio.open(os.path.join(model, EXPORT_FILE), "w") as file:
        file.write(json.dumps(facts, indent=2))


@dataclasses.dataclass(frozen=True)
class _Chosen:
    """What is exported, with what it says of the eval split.

    `facts` are for `export.json` and `model.json`, `details` for the latter alone.
    """

    task: Task
    model: TextModel
    logits: np.ndarray
    evaluation: TokenizedTexts
    facts: dict[str, Any]
    details: dict[str, Any]


def _ngrams_alone(directory: str, eval_files: Sequence[str]) -> _Chosen:
    trained = TrainedNgrams.load(directory)
    task, classifier = trained.make_task(), trained.build(directory)
    evaluation = read_ngrams(eval_files, "eval", task, classifier.features)
    reason = "the n-gram classifier computes in nothing else"
    return _Chosen(
        task,
        NgramModel(classifier),
        classifier.score(evaluation),
        evaluation,
        {"export": {"precision": "float32", "reason": reason}},
        {},
    )


def _with_encoder(
    trained_model: str,
    encoder: str,
    ngrams: str | None,
    wide: str,
    eval_files: Sequence[str],
    precision: str,
    decide_for: str,
) -> _Chosen:
    """The encoder's classifier in its precision and, if it shall, the n-grams beside it."""
    trained = TrainedWeights.load(trained_model)
    # One that n-grams can learn, where there are some.
    task: Any = make_task(trained.task, **trained.task_config)
    if ngrams is None:
        classifier = None
        evaluation = read_tokenized(eval_files, "eval", task)
    else:
        classifier = TrainedNgrams.load(ngrams).build(ngrams)
        evaluation, counted = read_tokens_and_ngrams(eval_files, "eval", task, classifier.features)
    evaluation = task.prepare(evaluation, trained.model)
    report(0, None, "choosing the precision on the eval split")
    # What is loaded has no name here, so that it goes where another format is served.
    served = choose_precision(
        task, trained.build(trained_model, encoder), precision, evaluation, decide_for
    )
    model: TextModel = EncoderModel.of(served.classifier, task, trained.model)
    logits, facts = served.logits, {"export": served.facts}
    if classifier is not None:
        report(0, None, "weighing the n-grams beside the encoder")
        ngram_logits = classifier.score(counted)
        stacking = fit_stacking(logits, ngram_logits, evaluation, task)
        used = wide == "on" or stacking.helps
        if used:
            model = WideModel(model, NgramModel(classifier), stacking.weight)
            logits = logits + np.float32(stacking.weight) * ngram_logits
        facts["wide"] = {"mode": wide, "used": used, **dataclasses.asdict(stacking)}
    details = {
        "encoder": trained.encoder,
        "model": dataclasses.asdict(trained.model),
        "training": dataclasses.asdict(trained.training),
    }
    return _Chosen(task, model, logits, evaluation, facts, details)
