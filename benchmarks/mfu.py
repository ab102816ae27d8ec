"""Compares what training and scoring compute with what this machine can compute at most.

    python benchmarks/mfu.py womens_clothing_reviews.csv \\
        --model runs/womens-clothing/serving/womens-clothing

measures the highest speed of a matrix product, in float32 and in bfloat16, and in the same run
training steps and scoring at the reviews' own mix of lengths. The floating-point operations of
a review follow from the encoder's shapes; counted once for its tokens and once with the padding
of its batch. Prints Markdown tables and appends the figures to `results/mfu.json`.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import statistics
import tempfile
import time

import numpy as np
import tensorflow as tf
from finetune import BATCH_SIZE, EVAL_ROWS, SEED, WARM_UP, take
from finetune_reviewlens import time_steps
from record import append_record
from reviews import LABELS, RECIPE, read_reviews
from score import named_model
from splits import MAX_TOKENS, WORK, prepare_splits, write_reviews
from tables import print_table

from reviewlens.models.encoders.inputs import EncoderInputs
from reviewlens.models.tasks.text_classification.model import build_classifier
from reviewlens.models.training.batching import pad_batch, shuffled_batches, sorted_batches
from reviewlens.models.training.tokenized import TokenizedTexts
from reviewlens.serving import LocalModel
from reviewlens.serving.text_models.encoder import CHUNK

SQUARE = 2048
# Rows of the encoder's products: a batch of reviews of common length.
TOKENS = 2048
# Backward takes two products for each of forward.
TRAINING = 3


@dataclasses.dataclass(frozen=True)
class Cost:
    """Floating-point operations of the encoder's forward pass, two for each multiply-add.

    Attributes:
        layers: Transformer blocks.
        size: Width of the residual stream.
        inner: Width of the feed-forward parts.
    """

    layers: int
    size: int
    inner: int

    def of(self, widths: np.ndarray, lengths: np.ndarray) -> float:
        """Operations for rows of tokens.

        Args:
            widths: Tokens that go through the products with weights, one number a row.
            lengths: Tokens that each of those attends to.
        """
        weights = self.layers * (4 * self.size**2 + 2 * self.size * self.inner)
        # Scores, and the sums that they weigh.
        attention = self.layers * 4 * self.size
        widths, lengths = widths.astype(np.float64), lengths.astype(np.float64)
        return float((2 * weights * widths + attention * widths * lengths).sum())


def main() -> None:
    """Measures, prints and records."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("csv", help="path of womens_clothing_reviews.csv")
    parser.add_argument(
        "--model",
        action="append",
        default=[],
        metavar="[NAME=]DIR",
        help="exported model to score with; may be given again",
    )
    parser.add_argument("--steps", type=int, default=60, help="timed steps of a training")
    parser.add_argument("--rows", type=int, default=2_000, help="reviews that are scored")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--work", default=str(WORK), help="where the tokenized reviews are kept")
    arguments = parser.parse_args()

    tf.config.threading.set_intra_op_parallelism_threads(arguments.threads)
    tf.config.threading.set_inter_op_parallelism_threads(arguments.threads)
    splits = prepare_splits(arguments.csv, os.path.join(arguments.work, "womens-clothing"))
    encoder = build_classifier(splits.encoder, RECIPE.model, len(LABELS), "float32").encoder
    cost = Cost(encoder.num_layers, encoder.hidden_size, encoder.intermediate_size)
    texts, labels = read_reviews(arguments.csv, arguments.rows)
    tokenizer = encoder.tokenizer(MAX_TOKENS)
    reviews = TokenizedTexts.from_rows(tokenizer(tf.constant(texts)).to_list(), {"grade": labels})
    models = {name: LocalModel(path) for name, path in map(named_model, arguments.model)}

    # The peak is taken between the other measurements too: it is of the same machine then.
    peaks, runs = [], {}
    for repeat in range(arguments.repeats):
        peaks += [gemm(shape, dtype) for dtype in ("float32", "bfloat16") for shape in shapes(cost)]
        chosen = take(splits.training, BATCH_SIZE * (WARM_UP + arguments.steps), SEED + repeat)
        for precision in ("float32", "bfloat16"):
            run = train(cost, splits.encoder, chosen, splits.evaluation, precision)
            runs.setdefault(f"training, {precision}", []).append(run)
        for name, model in models.items():
            runs.setdefault(f"scoring, {name}", []).append(score(cost, model, texts, reviews))
    print_peaks(peaks)
    print()
    print_runs(runs, peaks)
    facts = {"threads": arguments.threads, "cost": dataclasses.asdict(cost)}
    append_record("mfu", {**facts, "peaks": peaks, "runs": runs})


def shapes(cost: Cost) -> list[tuple[int, int, int]]:
    """Products that are measured: a large square, and those of the encoder."""
    return [
        (SQUARE, SQUARE, SQUARE),
        (TOKENS, cost.size, 3 * cost.size),
        (TOKENS, cost.size, cost.inner),
        (TOKENS, cost.inner, cost.size),
    ]


def gemm(shape: tuple[int, int, int], dtype: str, seconds: float = 1.0) -> dict:
    """The highest speed of one matrix product."""
    rows, inner, columns = shape
    left = tf.cast(tf.random.normal([rows, inner]), dtype)
    right = tf.cast(tf.random.normal([inner, columns]), dtype)
    product = tf.function(tf.matmul)
    product(left, right)
    fastest, until = np.inf, time.perf_counter() + seconds
    while time.perf_counter() < until:
        started = time.perf_counter()
        product(left, right)
        fastest = min(fastest, time.perf_counter() - started)
    flops = 2 * rows * inner * columns / fastest
    return {"dtype": dtype, "shape": shape, "gflops": flops / 1e9}


def train(
    cost: Cost,
    encoder: str,
    reviews: TokenizedTexts,
    evaluation: TokenizedTexts,
    precision: str,
) -> dict:
    """Operations and seconds of training steps."""
    settings = {"batch_size": BATCH_SIZE, "epochs": 1, "precision": precision, "seed": SEED}
    with tempfile.TemporaryDirectory() as scratch:
        found = time_steps(
            encoder,
            write_reviews(f"{scratch}/train.npz", reviews),
            write_reviews(f"{scratch}/eval.npz", take(evaluation, EVAL_ROWS, SEED)),
            settings,
            WARM_UP,
        )
    batches = shuffled_batches(reviews.lengths, BATCH_SIZE, np.random.default_rng([SEED, 0]))
    batches = batches[WARM_UP:]
    lengths = np.concatenate([reviews.lengths[rows] for rows in batches])
    widths = np.repeat(
        [pad_batch(reviews, rows, EncoderInputs())["input_mask"].shape[1] for rows in batches],
        [len(rows) for rows in batches],
    )
    return figures(cost, lengths, widths, found["seconds"], TRAINING)


def score(cost: Cost, model: LocalModel, texts: list[str], reviews: TokenizedTexts) -> dict:
    """Operations and seconds of scoring."""
    model.predict(texts[: 2 * CHUNK])
    started = time.perf_counter()
    model.predict(texts)
    seconds = time.perf_counter() - started
    # As the graph makes its batches.
    batches = sorted_batches(reviews.lengths, CHUNK)
    widths = np.concatenate([np.full(len(b), reviews.lengths[b].max()) for b in batches])
    return figures(cost, reviews.lengths, widths, seconds, 1)


def figures(
    cost: Cost, lengths: np.ndarray, widths: np.ndarray, seconds: float, passes: int
) -> dict:
    """Speeds in GFLOP/s, of tokens and with padding."""
    return {
        "reviews_per_second": len(lengths) / seconds,
        "tokens_per_second": int(lengths.sum()) / seconds,
        "padding": 1 - int(lengths.sum()) / int(widths.sum()),
        "gflops": passes * cost.of(lengths, lengths) / seconds / 1e9,
        "gflops_padded": passes * cost.of(widths, widths) / seconds / 1e9,
    }


def print_peaks(peaks: list[dict]) -> None:
    """Prints the best of each product."""
    best = {}
    for peak in peaks:
        key = (peak["dtype"], tuple(peak["shape"]))
        best[key] = max(best.get(key, 0.0), peak["gflops"])
    print_table(
        ("matrix product", "shape", "GFLOP/s"),
        (
            (dtype, " x ".join(map(str, shape)), f"{gflops:,.0f}")
            for (dtype, shape), gflops in best.items()
        ),
    )


def print_runs(runs: dict[str, list[dict]], peaks: list[dict]) -> None:
    """Prints medians, as they are and as shares of the peaks."""
    best = {
        dtype: max(peak["gflops"] for peak in peaks if peak["dtype"] == dtype)
        for dtype in ("float32", "bfloat16")
    }
    columns = ("what", "reviews/s", "tokens/s", "padding", "GFLOP/s", "with padding")
    columns += tuple(f"of the {dtype} peak" for dtype in best)
    columns += tuple(f"with padding, of the {dtype} peak" for dtype in best)
    rows = []
    for name, found in runs.items():
        median = {key: statistics.median(run[key] for run in found) for key in found[0]}
        row = [name]
        row += [f"{median[key]:,.0f}" for key in ("reviews_per_second", "tokens_per_second")]
        row += [f"{median['padding']:.1%}"]
        row += [f"{median[key]:,.0f}" for key in ("gflops", "gflops_padded")]
        row += [
            f"{median[key] / peak:.1%}"
            for key in ("gflops", "gflops_padded")
            for peak in best.values()
        ]
        rows.append(row)
    print_table(columns, rows)


if __name__ == "__main__":
    main()
