"""Training the n-gram classifier: sparse steps, exactly repeatable."""

from __future__ import annotations

import dataclasses
import time

import numpy as np
import tensorflow as tf

from ..tasks.text_classification.task import TextClassification
from ..training.tokenized import TokenizedTexts
from .model import NgramClassifier

# Reviews per step.
_BATCH = 32


@dataclasses.dataclass
class NgramRecord:
    """What a training did.

    Attributes:
        history: For each epoch its `loss` and, on the eval split, `eval_loss`.
        best_epoch: Number, from 1, of the epoch whose weights were kept.
        steps: Steps taken.
        seconds: Spent in those steps.
        examples: Texts trained on, each counted once per epoch.
    """

    history: list[dict] = dataclasses.field(default_factory=list)
    best_epoch: int = 0
    steps: int = 0
    seconds: float = 0.0
    examples: int = 0

    @property
    def examples_per_second(self) -> float:
        """Texts trained on per second of training."""
        return self.examples / self.seconds if self.seconds else 0.0


def train_ngrams(
    model: NgramClassifier,
    training: TokenizedTexts,
    evaluation: TokenizedTexts,
    task: TextClassification,
) -> NgramRecord:
    """Trains `model` in place; the same input gives the same weights, bit by bit.

    Args:
        model: Fresh, or to go on with.
        training: Texts to train on, with the ids of their n-grams as `tokens` and the task's
            targets.
        evaluation: Texts to choose the epoch by, likewise.
        task: What is learnt.

    Returns:
        What happened.

    Example:
        >>> task = TextClassification(("negative", "neutral", "positive"))
        >>> classifier = NgramClassifier(NgramSettings(), num_classes=3)
        >>> record = train_ngrams(classifier, training, evaluation, task)
        >>> len(record.history)
        5
    """
    settings = model.settings
    record = NgramRecord()
    wanted, eval_wanted = task.target_distributions(training), task.target_distributions(evaluation)
    step = tf.function(
        lambda *batch: _step(model, *batch),
        input_signature=[
            tf.TensorSpec([None], tf.int64),
            tf.TensorSpec([None], tf.int64),
            tf.TensorSpec([None, len(model.grades)], tf.float32),
            tf.TensorSpec([], tf.float32),
        ],
    )
    total = settings.epochs * -(-len(training) // _BATCH)
    best, best_weights = np.inf, model.get_weights()
    for epoch in range(settings.epochs):
        order = np.random.default_rng([settings.seed, epoch]).permutation(len(training))
        started = time.perf_counter()
        loss = 0.0
        for start in range(0, len(order), _BATCH):
            rows = order[start : start + _BATCH]
            values, splits = _rows(training, rows)
            rate = settings.learning_rate * (1 - record.steps / total)
            loss += float(step(values, splits, wanted[rows], rate))
            record.steps += 1
        record.seconds += time.perf_counter() - started
        record.examples += len(order)
        eval_loss = _mean_loss(model, evaluation, eval_wanted)
        record.history.append({"loss": loss / max(len(order), 1), "eval_loss": eval_loss})
        if eval_loss < best:
            best, best_weights = eval_loss, model.get_weights()
            record.best_epoch = epoch + 1
    model.set_weights(best_weights)
    return record


def _rows(texts: TokenizedTexts, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Ids of some texts, one after the other, and where each begins."""
    values = np.concatenate([texts.row(row) for row in rows]).astype(np.int64)
    return values, np.cumsum([0, *texts.lengths[rows]])


def _step(
    model: NgramClassifier, values: tf.Tensor, splits: tf.Tensor, wanted: tf.Tensor, rate: tf.Tensor
) -> tf.Tensor:
    """Moves the weights of a batch's features; gives the sum of its losses."""
    ids = tf.RaggedTensor.from_row_splits(values, splits, validate=False)
    logits = model.grade_logits(ids)
    gradient = tf.nn.softmax(logits) - wanted
    of_rows = (
        gradient * tf.math.rsqrt(tf.cast(tf.maximum(ids.row_lengths(), 1), tf.float32))[:, None]
    )
    # Each row of the table once: however many threads add, the sums are the same.
    unique, places = tf.unique(values)
    of_table = tf.math.unsorted_segment_sum(
        tf.gather(of_rows, ids.value_rowids()), places, tf.size(unique)
    )
    model.table.value.scatter_sub(tf.IndexedSlices(rate * of_table, unique))
    model.bias.value.assign_sub(rate * tf.reduce_mean(gradient, 0))
    return tf.reduce_sum(tf.nn.softmax_cross_entropy_with_logits(wanted, logits))


def _mean_loss(model: NgramClassifier, texts: TokenizedTexts, wanted: np.ndarray) -> float:
    logits = model.score_grades(texts)
    losses = tf.nn.softmax_cross_entropy_with_logits(wanted, logits)
    return float(tf.reduce_mean(losses)) if len(texts) else 0.0
