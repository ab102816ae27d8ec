"""Trains and asks the n-gram classifier of reviewlens, as `ngrams.py` asks."""

from __future__ import annotations

import argparse
import os
import tempfile
import time

import numpy as np
import tensorflow as tf
from peers.labelled_lines import batches_of, lines_of
from peers.worker import answer

from reviewlens.models import (
    NgramClassifier,
    NgramSettings,
    TextClassification,
    TokenizedTexts,
    train_ngrams,
)

BATCH = 1000


class Task:
    """Our classifier with its defaults.

    Args:
        grades: Class index of each grade.
    """

    def __init__(self, grades: list[int]):
        names = tuple(f"class {index}" for index in range(max(grades) + 1))
        self._task = TextClassification(names, tuple(grades))

    def train(self, folder: str, settings: dict | None) -> dict:
        """Hashes and trains; gives seconds, reading the files included.

        Args:
            folder: With `train.tsv` and `eval.tsv`.
            settings: Those that are not the defaults.
        """
        started = time.process_time(), time.perf_counter()
        model = NgramClassifier(
            NgramSettings(**(settings or {})), len(self._task.labels), self._task.grades
        )
        self._features = tf.function(
            lambda texts: model.features(texts), input_signature=[tf.TensorSpec([None], tf.string)]
        )
        training, evaluation = (
            self._read(os.path.join(folder, f"{split}.tsv")) for split in ("train", "eval")
        )
        record = train_ngrams(model, training, evaluation, self._task)
        cpu, wall = time.process_time() - started[0], time.perf_counter() - started[1]
        self._model = model
        self._answer = tf.function(
            lambda texts: tf.nn.softmax(model(model.features(texts))),
            input_signature=[tf.TensorSpec([None], tf.string)],
        )
        # Traced once, as a server does while it loads.
        self._answer(tf.constant(["a"]))
        return {"cpu": cpu, "wall": wall, "settings": {"epochs": record.best_epoch}}

    def score(self, path: str) -> dict:
        """Asks about raw texts; gives probabilities, not calibrated, and seconds."""
        texts = [text for *_, text in lines_of(path)]
        started = time.process_time(), time.perf_counter()
        found = [
            self._answer(tf.constant(texts[at : at + BATCH])).numpy()
            for at in range(0, len(texts), BATCH)
        ]
        cpu, wall = time.process_time() - started[0], time.perf_counter() - started[1]
        return {"cpu": cpu, "wall": wall, "probabilities": np.concatenate(found).tolist()}

    def lone(self, text: str, times: int) -> float:
        """CPU seconds for one text."""
        started = time.process_time()
        for _ in range(times):
            self._answer(tf.constant([text])).numpy()
        return (time.process_time() - started) / times

    def size(self) -> int:
        """Bytes of the file of weights."""
        with tempfile.TemporaryDirectory() as scratch:
            path = os.path.join(scratch, "ngrams.weights.h5")
            self._model.save_weights(path)
            return os.path.getsize(path)

    def _read(self, path: str) -> TokenizedTexts:
        grades, lengths = [], []
        # Ten million reviews would fill the memory, put together there.
        with tempfile.TemporaryFile() as file:
            for batch in batches_of(path, 4096):
                ids = self._features(tf.constant([text for *_, text in batch]))
                file.write(ids.values.numpy().astype(np.int32))
                lengths.append(ids.row_lengths().numpy())
                grades += [grade for _, grade, _ in batch]
            values = np.memmap(file, np.int32, "r")
        splits = np.cumsum(np.concatenate([[0], *lengths]))
        return TokenizedTexts(values, splits, {"grade": np.array(grades, np.int32)})


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--grades", type=int, nargs="+", required=True)
    parser.add_argument("--threads", type=int, required=True)
    arguments = parser.parse_args()
    tf.config.threading.set_intra_op_parallelism_threads(arguments.threads)
    tf.config.threading.set_inter_op_parallelism_threads(arguments.threads)
    task = Task(arguments.grades)
    answer(train=task.train, score=task.score, lone=task.lone, size=task.size)
