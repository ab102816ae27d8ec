"""What the node `trainer` does: fine-tune, and keep what was learnt."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence

import keras
from tfx.dsl.io import fileio

from ...errors import RunError
from ...models.precision import resolve_precision
from ...models.tasks.text_classification.model import build_classifier
from ...models.training.loop import train
from ..tokenized_examples import read_tokenized
from .replaced import note_replaced_checkpoint
from .trained_model import TrainedClassifier

RECORD_FILE = "training.json"


def fine_tune(
    trained: TrainedClassifier,
    *,
    encoder: str,
    train_files: Sequence[str],
    eval_files: Sequence[str],
    trained_model: str,
    model_run: str,
    checkpoints: str | None = None,
    tensorboard: str | None = None,
    code: str = "",
) -> None:
    """Fine-tunes a classifier; writes its weights and what happened on the way.

    The epoch is chosen by the macro-F1 of the decision that is best for macro-F1, whatever
    the served model will decide for, so that the weights do not depend on that.

    The checkpoint of the training stays: whatever stops the work before its outputs are recorded,
    the next run takes no step again. It goes by `remove_replaced_checkpoint`.

    Args:
        trained: What to build and how to train it.
        encoder: Directory of the encoder.
        train_files: Patterns of the gzipped TFRecords of one split: `tf.Example`s with the
            ragged `tokens` (special tokens included), `label` and `grade`.
        eval_files: The same of the other.
        trained_model: Directory that receives the weights, see `TrainedClassifier`.
        model_run: Directory that receives `training.json`.
        checkpoints: Directory from which an interrupted training goes on; None for none.
        tensorboard: Directory of the logs; None for `model_run`.
        code: Fingerprint of the code, by which a checkpoint is known.

    Raises:
        RunError: If a setting is out of range, a split is empty or training diverges.
    """
    settings = trained.training
    # On Kubeflow some were chosen after the configuration had been checked.
    for key, problem in settings.problems():
        raise RunError(f"training.{key}: {problem}")
    training = read_tokenized(train_files, "train", "grade")
    evaluation = read_tokenized(eval_files, "eval", "label")
    precision = resolve_precision(settings.precision)

    keras.utils.set_random_seed(settings.seed)
    classifier = build_classifier(
        encoder, trained.model, len(trained.labels), precision, trained.grades
    )
    fingerprint = [trained.encoder, vars(trained.model), trained.labels, trained.grades, code]
    record = train(
        classifier,
        training,
        evaluation,
        settings,
        class_names=trained.labels,
        checkpoints=checkpoints,
        fingerprint=json.dumps(fingerprint, sort_keys=True),
        tensorboard=tensorboard or model_run,
    )

    trained.save(trained_model, classifier)
    facts = {
        "epochs": len(record.history),
        "steps": record.steps,
        "examples_per_second": record.examples_per_second,
        "seconds": record.seconds,
        "best_epoch": record.best_epoch,
        "precision": precision,
        "history": record.history,
    }
    fileio.makedirs(model_run)
    with fileio.open(os.path.join(model_run, RECORD_FILE), "w") as file:
        file.write(json.dumps(facts, indent=2))
    note_replaced_checkpoint(trained_model, record.checkpoint)
