"""Compares how fast the tasks are trained and scored, on the same rows of tokens.

    python benchmarks/task_speed.py womens_clothing_reviews.csv

How much of what the machine can compute a classification uses, `mfu.py` says. It holds for the
others as far as they take the same time: the encoder is the same, and so are the rows. Only what
is learnt of these differs, which is made up: tags, and answers to questions of a dozen tokens.
Steps are timed batch by batch, one task after the other, and of all rounds the fastest counts.
Scoring is in the precision and the batches that are served, and then everything is decided.
Prints a Markdown table and appends the figures to `results/task_speed.json`.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import time
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf
from finetune import BATCH_SIZE, EVAL_ROWS, SEED, take
from record import append_record
from reviews import LABELS, RECIPE
from splits import WORK, prepare_splits
from tables import print_table

from reviewlens.models.frozen import FrozenClassifier
from reviewlens.models.precision import resolve_precision, with_precision
from reviewlens.models.settings import TrainingSettings
from reviewlens.models.tasks.base import Task
from reviewlens.models.tasks.building import build_model
from reviewlens.models.tasks.question_answering.task import QuestionAnswering
from reviewlens.models.tasks.text_classification.task import TextClassification
from reviewlens.models.tasks.token_classification.task import TokenClassification
from reviewlens.models.training.batching import pad_batch, pad_targets, sorted_batches
from reviewlens.models.training.loop import Trainer
from reviewlens.models.training.scoring import Scorer
from reviewlens.models.training.tokenized import TokenizedTexts
from reviewlens.serving.text_models.encoder import CHUNK

TASKS = (TextClassification(LABELS), TokenClassification(LABELS), QuestionAnswering())
QUESTION = 12
# Few widths, as each is compiled for every task.
MULTIPLE = 32


def main() -> None:
    """Measures, prints and records."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("csv", help="path of womens_clothing_reviews.csv")
    parser.add_argument("--rows", type=int, default=1_920, help="reviews that are learnt")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--work", default=str(WORK), help="where the tokenized reviews are kept")
    arguments = parser.parse_args()

    tf.config.threading.set_intra_op_parallelism_threads(arguments.threads)
    tf.config.threading.set_inter_op_parallelism_threads(arguments.threads)
    splits = prepare_splits(arguments.csv, os.path.join(arguments.work, "womens-clothing"))
    long_enough = splits.training.take(np.flatnonzero(splits.training.lengths > QUESTION + 4))
    rows = take(long_enough, min(arguments.rows, len(long_enough)), SEED)
    speeds = [Speed(task, rows, splits.encoder) for task in TASKS]
    measure(speeds, arguments.repeats)
    print_table(
        ("task", "training, reviews/s", "ratio", "scoring, reviews/s", "ratio", "deciding"),
        map(cells, speeds, [speeds[0]] * len(speeds)),
    )
    facts = {"threads": arguments.threads, "rows": len(rows), "repeats": arguments.repeats}
    seconds = {speed.task.name: speed.seconds for speed in speeds}
    append_record("task_speed", {**facts, "seconds": seconds})


class Speed:
    """A model of a task in training and one in use.

    Args:
        task: What is learnt.
        rows: Reviews that are read.
        encoder: Folder of the encoder.
    """

    def __init__(self, task: Task, rows: TokenizedTexts, encoder: str):
        self.task = task
        self.texts = with_targets(task, rows)
        self.seconds: dict[str, float] = {}
        precision = resolve_precision("auto")
        keras.utils.set_random_seed(SEED)
        settings = TrainingSettings(epochs=1, batch_size=BATCH_SIZE, precision=precision, seed=SEED)
        model = build_model(task, encoder, RECIPE.model, precision)
        held_out = self.texts.take(range(min(EVAL_ROWS, len(rows))))
        self._trainer = Trainer(task, model, self.texts, held_out, settings)
        served = with_precision(build_model(task, encoder, RECIPE.model, "float32"), precision)
        self._scorer = Scorer(FrozenClassifier(served), CHUNK, task.per_token)

    def train(self, batch: np.ndarray) -> None:
        """Takes a step."""
        inputs = pad_batch(self.texts, batch, self._trainer.model.encoder.inputs, MULTIPLE)
        width = inputs["input_mask"].shape[1]
        self._trainer.step(inputs, pad_targets(self.texts, batch, width, self.task.targets))

    def score(self) -> np.ndarray:
        """Outputs for all rows."""
        return self._scorer(self.texts)

    def decider(self) -> Callable[[], object]:
        """What decides about all rows."""
        outputs = self.score()
        decision = self.task.fit_decision(outputs, self.texts)
        return lambda: self.task.decided(outputs, self.texts, decision)


def with_targets(task: Task, rows: TokenizedTexts) -> TokenizedTexts:
    """The same tokens with something that the task can learn."""
    if task.name == "text-classification":
        return rows
    random = np.random.default_rng(SEED)
    count, total = len(rows), len(rows.tokens)
    seconds, per_token = None, ["tag", "word"]
    if task.pairs:
        seconds, per_token = np.full(count, QUESTION), ["answers"]
        places = np.arange(total) - np.repeat(rows.row_splits[:-1], rows.lengths)
        behind = np.repeat(rows.lengths, rows.lengths) - places
        answers = np.where((places < QUESTION) | (behind == 1), -1, 0)
        begins = random.integers(QUESTION, rows.lengths - 2)
        answers[rows.row_splits[:-1] + begins] = 1
        targets = {"answers": answers, "answered": np.ones(count, np.int64)}
    else:
        tags = random.choice(1 + 2 * len(task.labels), total)
        targets = {"tag": tags, "word": np.ones(total, np.int64)}
    small = {name: values.astype(np.int32) for name, values in targets.items()}
    return dataclasses.replace(rows, targets=small, per_token=frozenset(per_token), seconds=seconds)


def measure(speeds: list[Speed], repeats: int) -> None:
    """Fills in the seconds that each takes to train on all rows once, to score and to decide."""
    batches = sorted_batches(speeds[0].texts.lengths, BATCH_SIZE)
    deciders = [speed.decider() for speed in speeds]
    steps = np.full((len(speeds), len(batches)), np.inf)
    # Once more than that, as in the first round every width is compiled.
    for _ in range(repeats + 1):
        for number, batch in enumerate(batches):
            for place, speed in enumerate(speeds):
                steps[place, number] = min(steps[place, number], timed(speed.train, batch))
        for place, (speed, decide) in enumerate(zip(speeds, deciders, strict=True)):
            taken = {"train": steps[place].sum(), "score": timed(speed.score)}
            taken["decide"] = timed(decide)
            for name, seconds in taken.items():
                speed.seconds[name] = min(speed.seconds.get(name, np.inf), float(seconds))


def timed(work: Callable[..., object], *arguments: object) -> float:
    """Seconds that it takes."""
    started = time.perf_counter()
    work(*arguments)
    return time.perf_counter() - started


def cells(speed: Speed, first: Speed) -> tuple[str, ...]:
    """A row of the table, with ratios to the first task."""
    found = [speed.task.name]
    for name in ("train", "score"):
        found.append(f"{len(speed.texts) / speed.seconds[name]:,.0f}")
        found.append(f"{first.seconds[name] / speed.seconds[name]:.2f}")
    return (*found, f"{speed.seconds['decide'] / speed.seconds['score']:.1%} of scoring")


if __name__ == "__main__":
    main()
