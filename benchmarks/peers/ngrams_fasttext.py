"""Trains and asks fastText, as `ngrams.py` asks. Runs in the peers' environment."""

from __future__ import annotations

import argparse
import contextlib
import itertools
import os
import re
import tempfile
import time

import fasttext
import numpy as np
from labelled_lines import lines_of
from worker import answer

_PREFIX = "__label__"
_MARKS = re.compile(r"([^\w\s])")
# All of these are tried on eval; dim and bucket as in fastText's own tests of classification.
_SEARCHED = {"lr": (0.1, 0.5, 1.0), "epoch": (5, 25), "wordNgrams": (1, 2)}
_OTHERWISE = {"dim": 10, "bucket": 200_000}


def normalised(text: str) -> str:
    """Small letters and spaces around punctuation: what fastText's scripts do beforehand."""
    return " ".join(_MARKS.sub(r" \1 ", text.lower()).split())


class Task:
    """A model of fastText.

    Args:
        classes: How many there are.
        threads: That it trains with.
    """

    def __init__(self, classes: int, threads: int):
        self._classes, self._threads = classes, threads

    def train(self, folder: str, settings: dict | None) -> dict:
        """Trains; gives seconds and what was chosen.

        Args:
            folder: With `train.tsv` and `eval.tsv`.
            settings: Of fastText, by its names; None for those with the least log loss on eval.
        """
        with tempfile.TemporaryDirectory() as scratch:
            path = os.path.join(scratch, "train.txt")
            with open(path, "w", encoding="utf-8") as file:
                for label, _, text in lines_of(os.path.join(folder, "train.tsv")):
                    file.write(f"{_PREFIX}{label} {normalised(text)}\n")
            if settings is None:
                settings = self._search(path, os.path.join(folder, "eval.tsv"))
            started = time.process_time(), time.perf_counter()
            self._model = self._fit(path, settings)
            cpu, wall = time.process_time() - started[0], time.perf_counter() - started[1]
        return {"cpu": cpu, "wall": wall, "settings": settings}

    def score(self, path: str) -> dict:
        """Asks about raw texts; gives probabilities and seconds."""
        texts = [text for *_, text in lines_of(path)]
        started = time.process_time(), time.perf_counter()
        found = [self._ask(self._model, texts[at : at + 1000]) for at in range(0, len(texts), 1000)]
        cpu, wall = time.process_time() - started[0], time.perf_counter() - started[1]
        return {"cpu": cpu, "wall": wall, "probabilities": np.concatenate(found).tolist()}

    def lone(self, text: str, times: int) -> float:
        """CPU seconds for one text."""
        started = time.process_time()
        for _ in range(times):
            self._ask(self._model, [text])
        return (time.process_time() - started) / times

    def size(self) -> int:
        """Bytes of the model's file."""
        with tempfile.TemporaryDirectory() as scratch:
            path = os.path.join(scratch, "model.bin")
            self._model.save_model(path)
            return os.path.getsize(path)

    def _fit(self, path: str, settings: dict):
        return fasttext.train_supervised(path, thread=self._threads, verbose=0, **settings)

    def _search(self, path: str, evaluation: str) -> dict:
        labels, _, texts = zip(*lines_of(evaluation), strict=True)
        found = []
        for number, values in enumerate(itertools.product(*_SEARCHED.values())):
            settings = {**_OTHERWISE, **dict(zip(_SEARCHED, values, strict=True))}
            # At a high rate it may end in "Encountered NaN".
            with contextlib.suppress(RuntimeError):
                probabilities = self._ask(self._fit(path, settings), list(texts))
                loss = -np.log(probabilities[np.arange(len(labels)), labels]).mean()
                found.append((loss, number, settings))
        return min(found)[2]

    def _ask(self, model, texts: list[str]) -> np.ndarray:
        # With NumPy 2 `model.predict` ends in an error for one text, and for a list it gives the
        # highest probability to every class; this is what it calls.
        probabilities = np.full((len(texts), self._classes), 1e-7)
        for row, text in zip(probabilities, texts, strict=True):
            for value, name in model.f.predict(
                f"{normalised(text)}\n", self._classes, 0.0, "strict"
            ):
                row[int(name.removeprefix(_PREFIX))] = value
        # It gives up to 1.00001.
        return probabilities / probabilities.sum(1, keepdims=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--classes", type=int, required=True)
    parser.add_argument("--threads", type=int, required=True)
    arguments = parser.parse_args()
    task = Task(arguments.classes, arguments.threads)
    answer(train=task.train, score=task.score, lone=task.lone, size=task.size)
