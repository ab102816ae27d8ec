"""Scores raw texts with an exported model, as `score.py` asks."""

from __future__ import annotations

import argparse
import time

import tensorflow as tf
from peers.worker import answer

from reviewlens.serving import LocalModel


class Task:
    """Scoring through `serving_default`.

    Args:
        directory: The exported model.
    """

    def __init__(self, directory: str):
        self._model = LocalModel(directory)

    def score(self, texts: list[str], batch_size: None = None) -> dict:
        """Scores texts; gives seconds, probabilities and class indices.

        Args:
            texts: Raw reviews.
            batch_size: None: the model's graph makes its own batches.
        """
        started = time.perf_counter()
        predictions = self._model.predict(texts)
        seconds = time.perf_counter() - started
        return {
            "seconds": seconds,
            "probabilities": [list(p.probabilities.values()) for p in predictions],
            "classes": [self._model.labels.index(p.label) for p in predictions],
        }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("model")
    parser.add_argument("--threads", type=int, required=True)
    arguments = parser.parse_args()
    tf.config.threading.set_intra_op_parallelism_threads(arguments.threads)
    tf.config.threading.set_inter_op_parallelism_threads(arguments.threads)
    answer(score=Task(arguments.model).score)
