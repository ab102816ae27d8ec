"""What TFX's Trainer runs: fine-tune, calibrate, export.

`component` names the function by its dotted path. Unlike a module file this needs no packaging,
but TFX's cache does not see the code behind it, hence `custom_config["code"]`.
"""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf

from ...errors import RunError
from ...models.encoders.bert.tokenizer import WordpieceTokenizer
from ...models.precision import resolve_precision
from ...models.settings import ModelSettings, TrainingSettings
from ...models.tasks.text_classification.calibration import softmax
from ...models.tasks.text_classification.decision import Decision
from ...models.tasks.text_classification.metrics import (
    classification_report,
    expected_calibration_error,
)
from ...models.tasks.text_classification.model import build_classifier
from ...models.training.loop import train
from ...models.training.tokenized import TokenizedReviews
from ...serving.export import export_classifier
from ...serving.precision import check_precision, choose_precision
from ...serving.settings import ExportSettings
from .replaced import note_replaced_checkpoint

# Under this name TensorFlow Transform writes the values of the ragged output `tokens`.
TOKENS_FEATURE = "tokens$ragged_values"
# Settings that the weights do not depend on.
_APART = ("checkpoints", "tensorboard", "export")


def run_fn(fn_args) -> None:
    """Trains and exports a classifier, and writes `training.json`.

    The checkpoint of the training stays: whatever stops the export, the next run takes no
    step again. It goes by `remove_replaced_checkpoint`.

    Args:
        fn_args: TFX's `FnArgs`. `base_model` is the encoder's SavedModel; `train_files` and
            `eval_files` are patterns of gzipped TFRecords of `tf.Example` with the ragged
            `tokens` (word pieces, [CLS] and [SEP] included), `label` and `grade`;
            `custom_config` has `model`, `training` and `export` (fields of `ModelSettings`,
            `TrainingSettings` and `ExportSettings`), `decide_for`, `labels` (class names),
            `grades` (class index of each grade, see `ReviewClassifier`), `encoder` (its name,
            for `model.json`), `code` (fingerprint), and the directories `checkpoints`, None for
            no checkpoints, and `tensorboard`, None for that of `training.json`.

    Raises:
        RunError: If a setting is out of range, a split is empty, training diverges or the encoder
            cannot be served in the precision asked for.
    """
    config = fn_args.custom_config
    model = ModelSettings(**config["model"])
    settings = TrainingSettings(**config["training"])
    export = ExportSettings(**config["export"])
    # On Kubeflow some were chosen after the configuration had been checked.
    for key, problem in settings.problems():
        raise RunError(f"training.{key}: {problem}")
    labels = list(config["labels"])
    training = read_tokenized(fn_args.train_files, "train", "grade")
    evaluation = read_tokenized(fn_args.eval_files, "eval", "label")
    precision = resolve_precision(settings.precision)

    keras.utils.set_random_seed(settings.seed)
    classifier = build_classifier(
        fn_args.base_model, model, len(labels), precision, config["grades"]
    )
    check_precision(classifier, export.precision)
    inputs = {key: value for key, value in config.items() if key not in _APART}
    record = train(
        classifier,
        training,
        evaluation,
        settings,
        class_names=labels,
        decide_for=config["decide_for"],
        checkpoints=config.get("checkpoints"),
        fingerprint=json.dumps(inputs, sort_keys=True),
        tensorboard=config.get("tensorboard") or fn_args.model_run_dir,
    )

    served = choose_precision(classifier, export.precision, evaluation, config["decide_for"])
    # Calibrated as it is served.
    logits, encoder = served.logits, served.classifier.encoder
    decision = Decision.fit(logits, evaluation.labels, config["decide_for"])
    probabilities = decision.probabilities(logits)
    facts = {
        "epochs": len(record.history),
        "steps": record.steps,
        "examples_per_second": record.examples_per_second,
        "seconds": record.seconds,
        "best_epoch": record.best_epoch,
        "precision": precision,
        "export": served.facts,
        "history": record.history,
        "temperature": decision.calibration.temperature,
        "stretch": decision.calibration.stretch,
        "biases": list(decision.calibration.biases),
        "offsets": list(decision.offsets),
        "ece_before": expected_calibration_error(softmax(logits), evaluation.labels),
        "ece_after": expected_calibration_error(probabilities, evaluation.labels),
        "eval": classification_report(
            probabilities, decision.classes(logits), evaluation.labels, labels
        ),
    }
    export_classifier(
        fn_args.serving_model_dir,
        classifier=served.classifier,
        tokenizer=WordpieceTokenizer(
            encoder.vocabulary_file, lower_case=encoder.lower_case, max_tokens=model.max_tokens
        ),
        labels=labels,
        decision=decision,
        details={
            "encoder": config["encoder"],
            "model": dataclasses.asdict(model),
            "training": dataclasses.asdict(settings),
            "export": served.facts,
            "eval": facts["eval"],
        },
    )
    tf.io.gfile.makedirs(fn_args.model_run_dir)
    with tf.io.gfile.GFile(os.path.join(fn_args.model_run_dir, "training.json"), "w") as file:
        file.write(json.dumps(facts, indent=2))
    note_replaced_checkpoint(fn_args.model_run_dir, record.checkpoint)


def read_tokenized(patterns: Sequence[str], split: str, label: str) -> TokenizedReviews:
    """Reads what Transform wrote, into memory and into an order of our own.

    Args:
        patterns: Files of one split, globs allowed.
        split: Its name, for the error.
        label: The feature that becomes the label, `label` (class) or `grade`.

    Returns:
        The reviews, in an order that does not depend on the files'.

    Raises:
        RunError: If there are none.
    """
    files = sorted(path for pattern in patterns for path in tf.io.gfile.glob(pattern))
    features = {
        "tokens": tf.io.RaggedFeature(tf.int64, value_key=TOKENS_FEATURE),
        label: tf.io.FixedLenFeature([], tf.int64),
    }
    batches = (
        tf.data.TFRecordDataset(files, compression_type="GZIP")
        .batch(1024)
        .map(lambda records: tf.io.parse_example(records, features))
    )
    rows, labels = [], []
    for batch in batches:
        tokens = batch["tokens"]
        rows += np.split(tokens.values.numpy(), tokens.row_splits.numpy()[1:-1])
        labels += batch[label].numpy().tolist()
    if not labels:
        raise RunError(f"the {split} split is empty: {', '.join(patterns)}")
    return TokenizedReviews.from_rows(rows, labels).in_canonical_order()
