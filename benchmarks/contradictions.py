"""Measures what to make of equal texts of several classes: `data.contradictory`.

    python benchmarks/contradictions.py womens_clothing_reviews.csv

reads the titles alone of the Women's E-Commerce Clothing Reviews, such as "Great dress", of which
one row in ten says what another one of another class says; trains on them with each choice of
`data.contradictory`, once for each of several draws; and prints figures on two tenths of the rows
that were held out, each judged by its own rating: those of texts that are new, and single rows,
whose texts may be known. What is trained is the n-gram classifier, or with `--algorithm encoder`
that of `minilm-l6`. Differences to `majority` are paired by draw, with the 95 % interval of their
mean. Appends the figures to `results/contradictions.json`.
"""

from __future__ import annotations

import argparse
import collections
import csv
import tempfile
from collections.abc import Callable, Mapping, Sequence

import keras
import numpy as np
import tensorflow as tf
from record import append_record
from reviews import GRADES, LABELS
from scipy import stats

from reviewlens.components.review_example_gen import clean_text
from reviewlens.components.review_example_gen.duplicates import (
    GRADED,
    OF_MAJORITY,
    STAYS,
    UNDECIDED,
    FingerprintBuckets,
    Verdicts,
    settle,
)
from reviewlens.components.review_example_gen.settings import CONTRADICTORY, MAJORITY, SOFT
from reviewlens.models import NgramClassifier, NgramSettings, train_ngrams
from reviewlens.models.encoders.registry import load_tokenizer
from reviewlens.models.encoders.sources.fetching import fetch_encoder
from reviewlens.models.ngrams.features import NgramFeatures
from reviewlens.models.settings import ModelSettings, TrainingSettings
from reviewlens.models.tasks.building import build_model
from reviewlens.models.tasks.text_classification.metrics import macro_f1
from reviewlens.models.tasks.text_classification.task import TextClassification
from reviewlens.models.training.loop import train
from reviewlens.models.training.scoring import Scorer
from reviewlens.models.training.tokenized import TokenizedTexts

TASK = TextClassification(LABELS, GRADES)
TESTS = ("new texts", "new rows")
FIGURES = ("log_loss", "macro_f1", "accuracy")

Row = tuple[str, int]


class Ngrams:
    """Trains the n-gram classifier."""

    def __init__(self):
        self._settings = NgramSettings()
        self.tokens = NgramFeatures(self._settings)

    def train(
        self, training: TokenizedTexts, evaluation: TokenizedTexts, seed: int
    ) -> Callable[[TokenizedTexts], np.ndarray]:
        """What gives the logits of texts."""
        model = NgramClassifier(self._settings, len(LABELS), GRADES)
        train_ngrams(model, training, evaluation, TASK)
        return model.score


class Encoder:
    """Fine-tunes `minilm-l6`, of titles the first 32 tokens."""

    def __init__(self):
        self._folder = tempfile.TemporaryDirectory()
        fetch_encoder("minilm-l6", self._folder.name)
        self.tokens = load_tokenizer(self._folder.name, max_tokens=32)

    def train(
        self, training: TokenizedTexts, evaluation: TokenizedTexts, seed: int
    ) -> Callable[[TokenizedTexts], np.ndarray]:
        """What gives the logits of texts."""
        settings = TrainingSettings(seed=seed)
        keras.utils.set_random_seed(seed)
        model = build_model(TASK, self._folder.name, ModelSettings(max_tokens=32), "float32")
        train(model, training, evaluation, settings, task=TASK)
        return Scorer(model)


def main() -> None:
    """Prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("csv", help="path of womens_clothing_reviews.csv")
    parser.add_argument("--algorithm", choices=("ngrams", "encoder"), default="ngrams")
    parser.add_argument("--draws", type=int, default=10, help="how often the rows are split")
    parser.add_argument("--words", type=int, help="read so many first words of a title alone")
    parser.add_argument("--rows", type=int, help="so many drawn ones; by default all")
    arguments = parser.parse_args()
    learner = Ngrams() if arguments.algorithm == "ngrams" else Encoder()
    rows = read_titles(arguments.csv, arguments.words)
    print_rows(rows)
    draws = []
    for seed in range(arguments.draws):
        parts = draw(rows, seed, arguments.rows)
        draws.append({choice: measure(learner, choice, parts, seed) for choice in CONTRADICTORY})
    for test in TESTS:
        print_figures(test, draws)
    append_record("contradictions", {**vars(arguments), "draws": draws})


def read_titles(path: str, words: int | None) -> list[Row]:
    """Title and grade of each review that has a title; the fewer words, the more are equal."""
    with open(path, newline="") as stream:
        table = list(csv.DictReader(stream))
    found = [(clean_text(row["Title"]), int(row["Rating"]) - 1) for row in table]
    return [(" ".join(text.split()[:words]), grade) for text, grade in found if text]


def draw(rows: Sequence[Row], seed: int, size: int | None) -> dict[str, list[Row]]:
    """Holds out a tenth of the texts and a tenth of the rows; splits the others by text."""
    random = np.random.default_rng(seed)
    chosen = random.permutation(len(rows))[:size]
    texts = sorted({rows[index][0] for index in chosen})
    of_text = dict(zip(texts, random.random(len(texts)), strict=True))
    parts: dict[str, list[Row]] = {name: [] for name in ("train", "eval", *TESTS)}
    for index, of_row in zip(chosen, random.random(len(chosen)), strict=True):
        row = rows[index]
        if of_text[row[0]] < 0.1:
            name = "new texts"
        elif of_row < 0.1:
            name = "new rows"
        else:
            name = "eval" if of_text[row[0]] < 0.2 else "train"
        parts[name].append(row)
    return parts


def measure(
    learner: Ngrams | Encoder, choice: str, parts: Mapping[str, list[Row]], seed: int
) -> dict:
    """Trains on what the ingest would make of the rows, and judges by those held out."""
    learnt = ingest(learner, parts["train"], choice, True)
    tuned = ingest(learner, parts["eval"], choice, False)
    score = learner.train(learnt, tuned, seed)
    decision = TASK.fit_decision(score(tuned), tuned)
    found: dict = {"examples": len(learnt)}
    for name in TESTS:
        test = parts[name]
        logits = score(tokenized(learner, test))
        classes = np.array(GRADES)[[grade for _, grade in test]]
        probabilities, decided = decision.probabilities(logits), decision.decided(logits)
        found[name] = {
            "log_loss": float(-np.log(probabilities[np.arange(len(test)), classes]).mean()),
            "macro_f1": macro_f1(classes, decided, len(LABELS)),
            "accuracy": float((decided == classes).mean()),
        }
    return found


def ingest(learner: Ngrams | Encoder, rows: list[Row], choice: str, learnt: bool) -> TokenizedTexts:
    """The examples that `review-example-gen` makes of the rows of one split."""
    buckets = FingerprintBuckets()
    sent = []
    for number, (text, grade) in enumerate(rows):
        sent.append(buckets.add(text, grade, (0, 0, number), learnt and choice == SOFT))
    joined = collections.defaultdict(bytes)
    for bucket, fingerprints in [*filter(None, sent), *buckets.rest()]:
        joined[bucket] += fingerprints
    decided = [found for part in joined.values() for _, found in settle(part, GRADES, choice)]
    verdicts = Verdicts(decided)
    kept = []
    for number, (text, grade) in enumerate(rows):
        verdict = verdicts.of(0, number)
        if verdict.what in (STAYS, GRADED, OF_MAJORITY, UNDECIDED):
            kept.append((text, verdict.copies or {grade: 1}))
    shares = np.zeros((len(kept), len(GRADES)), np.float32)
    for row, (_, copies) in zip(shares, kept, strict=True):
        row[list(copies)] = np.array(list(copies.values())) / sum(copies.values())
    return tokenized(learner, kept, shares)


def tokenized(
    learner: Ngrams | Encoder, rows: Sequence[tuple], shares: np.ndarray | None = None
) -> TokenizedTexts:
    """What is read of the texts of rows."""
    ids = learner.tokens(tf.constant([text for text, _ in rows]))
    targets = {} if shares is None else {"grade": shares}
    return TokenizedTexts(ids.values.numpy().astype(np.int32), ids.row_splits.numpy(), targets)


def print_rows(rows: Sequence[Row]) -> None:
    """Tells how much the rows contradict each other."""
    grades = collections.defaultdict(list)
    for text, grade in rows:
        grades[text].append(GRADES[grade])
    several = [classes for classes in grades.values() if len(set(classes)) > 1]
    votes = [collections.Counter(classes).most_common(2) for classes in several]
    ties = sum(first[1] == second[1] for first, second in votes)
    contradictory = sum(map(len, several))
    print(
        f"{len(rows):,} rows of {len(grades):,} texts; {contradictory:,} rows "
        f"({contradictory / len(rows):.1%}) are of {len(several):,} texts of several classes, "
        f"{ties} of which tie\n"
    )


def print_figures(test: str, draws: list[dict[str, dict]]) -> None:
    """A row for each choice: means over the draws, and differences to `majority`."""
    print(f"{test}, {len(draws)} draws\n")
    print("| `data.contradictory` | examples | log loss | macro-F1 | accuracy |")
    print("|---|---:|---:|---:|---:|")
    for choice in CONTRADICTORY:
        cells = [f"{np.mean([drawn[choice]['examples'] for drawn in draws]):,.0f}"]
        for figure in FIGURES:
            values = np.array([drawn[choice][test][figure] for drawn in draws])
            cell = f"{values.mean():.4f}"
            if choice != MAJORITY:
                gains = values - [drawn[MAJORITY][test][figure] for drawn in draws]
                low, high = interval(gains)
                cell += f" ({gains.mean():+.4f}, {low:+.4f} to {high:+.4f})"
            cells.append(cell)
        print(f"| `{choice}` | {' | '.join(cells)} |")
    print()


def interval(values: np.ndarray) -> tuple[float, float]:
    """The 95 % interval of the mean, by Student's t."""
    margin = stats.t.ppf(0.975, len(values) - 1) * stats.sem(values)
    return values.mean() - margin, values.mean() + margin


if __name__ == "__main__":
    main()
