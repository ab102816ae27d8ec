"""Training the n-gram classifier: a few passes, exactly repeatable."""

from __future__ import annotations

import dataclasses
import time

import numpy as np
import tensorflow as tf

from ..tasks.text_classification.task import TextClassification
from ..training.tokenized import TokenizedTexts
from .model import LEAST, NgramClassifier
from .objective import NgramRegression, mean_loss
from .products import TextProducts

# Features that are looked at at a time: NumPy makes int64 of them to count them, and TensorFlow
# a copy.
_AT_ONCE = 2**24


@dataclasses.dataclass
class NgramRecord:
    """What a training did.

    Attributes:
        history: For each epoch the mean `loss` of the grades after it, and `eval_loss`, that of
            the eval split.
        best_epoch: Number, from 1, of the epoch whose weights were kept.
        seconds: Spent in them, and in getting ready.
        examples: Texts trained on, each counted once per epoch.
    """

    history: list[dict] = dataclasses.field(default_factory=list)
    best_epoch: int = 0
    seconds: float = 0.0
    examples: int = 0

    @property
    def steps(self) -> int:
        """How often the weights were changed: once an epoch."""
        return len(self.history)

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
        model: Receives the weights; what it had is forgotten.
        training: Texts to train on, with the ids of their n-grams as `tokens` and the task's
            targets.
        evaluation: Texts to choose the epoch by, likewise; without any it is the last one.
        task: What is learnt.

    Returns:
        What happened.

    Example:
        >>> task = TextClassification(("negative", "neutral", "positive"))
        >>> classifier = NgramClassifier(NgramSettings(), num_classes=3)
        >>> record = train_ngrams(classifier, training, evaluation, task)
        >>> record.best_epoch <= len(record.history) <= classifier.settings.epochs
        True
    """
    started = time.perf_counter()
    settings, record = model.settings, NgramRecord()
    used, counts = _columns(training.tokens[:], settings.buckets)
    # As scikit-learn's TfidfVectorizer has it, but for a text that repeats an n-gram.
    rarity = (1 + len(training)) / (1 + np.minimum(counts, len(training)))
    idf = (np.log(rarity) + 1).astype(np.float32)
    # What did not occur has a column of its own, whose weights stay 0.
    idf = np.append(idf, np.float32(0))
    places = np.full(settings.buckets, len(used), np.int32)
    places[used] = np.arange(len(used))
    texts, scale = _products(training, places, idf)
    others, others_scale = _products(evaluation, places, idf)
    wanted, others_wanted = map(task.target_distributions, (training, evaluation))

    regression = NgramRegression(texts, idf, scale, wanted, settings.penalty, settings.dropout)
    best, kept = np.inf, (regression.weights, regression.bias)
    for table, bias, loss in regression.steps():
        eval_loss = mean_loss(others_scale[:, None] * others.times(table) + bias, others_wanted)
        record.history.append({"loss": loss, "eval_loss": eval_loss})
        if eval_loss < best or not len(evaluation):
            best, record.best_epoch = eval_loss, len(record.history)
            kept = table, bias
        epochs = len(record.history)
        if epochs == settings.epochs or epochs - record.best_epoch >= settings.patience:
            break
    weights = np.zeros(model.table.shape, np.float32)
    weights[used] = np.concatenate([kept[0], idf[:, None] ** 2], 1)[:-1]
    model.table.assign(weights)
    model.bias.assign(kept[1])
    record.examples = record.steps * len(training)
    record.seconds = time.perf_counter() - started
    return record


def _columns(tokens: np.ndarray, buckets: int) -> tuple[np.ndarray, np.ndarray]:
    """The features that occur, and how often."""
    counts = np.zeros(buckets, np.int64)
    for at in range(0, len(tokens), _AT_ONCE):
        counts += np.bincount(tokens[at : at + _AT_ONCE], minlength=buckets)
    used = np.flatnonzero(counts)
    return used, counts[used]


def _products(
    texts: TokenizedTexts, places: np.ndarray, idf: np.ndarray
) -> tuple[TextProducts, np.ndarray]:
    """The products of texts, and what their rows are multiplied by."""
    ids = np.empty(len(texts.tokens), np.int32)
    for at in range(0, len(ids), _AT_ONCE):
        ids[at : at + _AT_ONCE] = tf.gather(places, texts.tokens[at : at + _AT_ONCE])
    products = TextProducts(ids, texts.row_splits, len(idf))
    squares = products.times(idf[:, None] ** 2)[:, 0]
    # As the model has it.
    return products, 1 / np.sqrt(np.maximum(squares, LEAST))
