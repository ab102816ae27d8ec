"""What the node `ngram-trainer` does: train on n-grams, fit the decision, keep both."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from typing import Any

from tfx.dsl.io import fileio

from ...models.ngrams.training import NgramRecord, train_ngrams
from ..ngram_examples import read_ngrams
from .trained_ngrams import TrainedNgrams

RECORD_FILE = "training.json"


def train_on_ngrams(
    trained: TrainedNgrams,
    *,
    train_files: Sequence[str],
    eval_files: Sequence[str],
    ngram_model: str,
    model_run: str,
    decide_for: str,
) -> NgramRecord:
    """Trains an n-gram classifier; writes its weights, its decision and what happened on the way.

    Args:
        trained: What to build and how to train it.
        train_files: Patterns of the gzipped TFRecords of one split: `tf.Example`s with `text` and
            the targets of the task.
        eval_files: The same of the other, on which the decision is fitted.
        ngram_model: Directory that receives the weights, see `TrainedNgrams`.
        model_run: Directory that receives `training.json`.
        decide_for: What the decision is tuned for, `macro_f1` or `accuracy`.

    Returns:
        What the training did.

    Raises:
        RunError: If a split is empty.
    """
    model = trained.make_model()
    # Of a task that n-grams can learn, which says more than every task does.
    task: Any = trained.make_task()
    training = read_ngrams(train_files, "train", task, model.features)
    evaluation = read_ngrams(eval_files, "eval", task, model.features)
    record = train_ngrams(model, training, evaluation, task)
    logits = model.score(evaluation)
    decision = task.fit_decision(logits, evaluation, decide_for)
    trained.save(ngram_model, model, decision)
    facts = {
        "epochs": len(record.history),
        "steps": record.steps,
        "examples_per_second": record.examples_per_second,
        "seconds": record.seconds,
        "best_epoch": record.best_epoch,
        "precision": "float32",
        "history": record.history,
        "eval": task.evaluate(logits, evaluation, decision),
    }
    fileio.makedirs(model_run)
    with fileio.open(os.path.join(model_run, RECORD_FILE), "w") as file:
        file.write(json.dumps(facts, indent=2))
    return record
