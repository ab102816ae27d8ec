"""What the node `ngram-trainer` does: train on n-grams, fit the decision, keep both."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from ...models.ngrams.training import NgramRecord, train_ngrams
from ..ngram_examples import read_ngrams
from ..trainer.record import write_record
from .trained_ngrams import TrainedNgrams


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
        decide_for: What the decision is tuned for: `macro_f1`, `accuracy` or `both`.

    Returns:
        What the training did.

    Raises:
        RunError: If a split is empty.
    """
    model = trained.make_model()
    # Of a task that n-grams can learn, which says more than every task does.
    task: Any = trained.make_task()
    training = read_ngrams(train_files, "train", task, model.features)
    task = task.informed_by(training)
    trained = dataclasses.replace(trained, task_config=task.config())
    evaluation = read_ngrams(eval_files, "eval", task, model.features)
    record = train_ngrams(model, training, evaluation, task)
    logits = model.score(evaluation)
    decision = task.fit_decision(logits, evaluation, decide_for)
    trained.save(ngram_model, model, decision)
    figures = task.evaluate(logits, evaluation, decision)
    write_record(model_run, record, precision="float32", eval=figures)
    return record
