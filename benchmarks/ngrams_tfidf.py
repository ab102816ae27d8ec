"""Trains and asks TF-IDF with logistic regression, as `ngrams.py` asks.

Runs in the project's environment, which has scikit-learn.
"""

from __future__ import annotations

import argparse
import os
import pickle
import time

from peers.labelled_lines import lines_of
from peers.worker import answer
from sklearn.base import clone
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from tfidf import all_probabilities, fit_tfidf


class Task:
    """A pipeline of scikit-learn.

    Args:
        classes: How many there are.
    """

    def __init__(self, classes: int):
        self._classes = classes

    def train(self, folder: str, settings: dict | None) -> dict:
        """Trains; gives seconds.

        Args:
            folder: With `train.tsv` and `eval.tsv`.
            settings: None for `tfidf.py`, which chooses on eval; otherwise scikit-learn's own.
        """
        training, evaluation = (
            self._read(os.path.join(folder, f"{split}.tsv")) for split in ("train", "eval")
        )
        if settings is None:
            # What the search takes does not count.
            self._model = clone(fit_tfidf(training, evaluation, balanced=False))
        else:
            self._model = make_pipeline(TfidfVectorizer(), LogisticRegression())
        started = time.process_time(), time.perf_counter()
        self._model.fit(*training)
        cpu, wall = time.process_time() - started[0], time.perf_counter() - started[1]
        return {"cpu": cpu, "wall": wall, "settings": {"C": self._model[-1].C}}

    def score(self, path: str) -> dict:
        """Asks about raw texts; gives probabilities and seconds."""
        texts, _ = self._read(path)
        started = time.process_time(), time.perf_counter()
        found = [
            row
            for at in range(0, len(texts), 1000)
            for row in self._ask(texts[at : at + 1000]).tolist()
        ]
        cpu, wall = time.process_time() - started[0], time.perf_counter() - started[1]
        return {"cpu": cpu, "wall": wall, "probabilities": found}

    def lone(self, text: str, times: int) -> float:
        """CPU seconds for one text."""
        started = time.process_time()
        for _ in range(times):
            self._ask([text])
        return (time.process_time() - started) / times

    def size(self) -> int:
        """Bytes of the pickled model."""
        return len(pickle.dumps(self._model))

    def _ask(self, texts):
        return all_probabilities(self._model, texts, self._classes)

    @staticmethod
    def _read(path: str) -> tuple[list[str], list[int]]:
        labels, _, texts = zip(*lines_of(path), strict=True)
        return list(texts), list(labels)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--classes", type=int, required=True)
    parser.add_argument("--threads", type=int, required=True)
    task = Task(parser.parse_args().classes)
    answer(train=task.train, score=task.score, lone=task.lone, size=task.size)
