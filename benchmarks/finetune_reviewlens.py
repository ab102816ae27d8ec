"""Fine-tunes with `reviewlens.models.training.loop.train`, as `finetune.py` asks."""

from __future__ import annotations

import argparse
import time

import keras
import numpy as np
import tensorflow as tf
from peers.worker import answer
from reviews import LABELS, RECIPE

from reviewlens.models.precision import resolve_precision
from reviewlens.models.settings import TrainingSettings
from reviewlens.models.tasks.building import build_model
from reviewlens.models.tasks.text_classification.task import TextClassification
from reviewlens.models.training.loop import train
from reviewlens.models.training.scoring import Scorer
from reviewlens.models.training.tokenized import TokenizedTexts
from reviewlens.models.training.watching import Watcher
from reviewlens.progress import reporting_to

TASK = TextClassification(LABELS)


def time_steps(
    encoder: str, reviews: str, evaluation: str, settings: dict, warm_up: int
) -> dict[str, float]:
    """Trains for one epoch; gives the seconds and the reviews of the steps after the first.

    Args:
        encoder: Folder of the encoder's SavedModel.
        reviews: File of tokenized reviews, a whole number of batches.
        evaluation: File of a few more.
        settings: Of the training.
        warm_up: Steps that do not count, a multiple of those between two reports.
    """
    times = {}
    training = _read(reviews)
    with reporting_to(lambda done, total, note: times.update({done: time.perf_counter()})):
        _train(encoder, training, _read(evaluation), settings)
    last = max(times)
    return {
        "seconds": times[last] - times[warm_up],
        "reviews": len(training) * (last - warm_up) / last,
    }


def train_fully(encoder: str, reviews: str, evaluation: str, test: str, settings: dict) -> dict:
    """Trains to the end; gives seconds and eval macro-F1 of each epoch, and the predictions."""
    training, held_out, unseen = _read(reviews), _read(evaluation), _read(test)
    clock = _EpochClock()
    classifier, record = _train(encoder, training, held_out, settings, clock)
    score = Scorer(classifier)
    logits = score(held_out)
    decision = TASK.fit_decision(logits, held_out)
    return {
        "seconds": clock.seconds,
        "macro_f1": [epoch["macro_f1"] for epoch in record.history],
        "eval_argmax": logits.argmax(1).tolist(),
        "test_argmax": (test_logits := score(unseen)).argmax(1).tolist(),
        "eval_decided": decision.decided(logits).tolist(),
        "test_decided": decision.decided(test_logits).tolist(),
    }


def _train(encoder, training, evaluation, settings, *watchers):
    keras.utils.set_random_seed(settings.get("seed", 7))
    settings = TrainingSettings(**settings)
    precision = resolve_precision(settings.precision)
    classifier = build_model(TASK, encoder, RECIPE.model, precision)
    record = train(classifier, training, evaluation, settings, task=TASK, watchers=watchers)
    return classifier, record


class _EpochClock(Watcher):
    """Seconds of the steps of each epoch, without what comes between two epochs."""

    def __init__(self):
        self.seconds, self._started, self._stepped = [], None, 0.0

    def phase(self, name):
        if self._started is None and name == "input":
            self._started = time.perf_counter()
        return super().phase(name)

    def step(self, seen):
        self._stepped = time.perf_counter()

    def epoch(self, number, figures):
        self.seconds.append(self._stepped - self._started)
        self._started = None


def _read(path: str) -> TokenizedTexts:
    with np.load(path) as arrays:
        return TokenizedTexts(arrays["tokens"], arrays["row_splits"], {"grade": arrays["labels"]})


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--threads", type=int, required=True)
    threads = parser.parse_args().threads
    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    answer(time_steps=time_steps, train_fully=train_fully)
