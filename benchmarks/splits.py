"""The splits that `reviewlens run … --to transform` makes of a file."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import tensorflow as tf
from reviews import CONFIG, GRADES, RECIPE

from reviewlens.components.tokenized_examples import read_tokenized
from reviewlens.models.encoders.registry import load_tokenizer
from reviewlens.models.training.tokenized import TokenizedReviews

ROOT = Path(__file__).parents[1]
WORK = ROOT / "runs" / "benchmarks"
MAX_TOKENS = RECIPE.model.max_tokens


@dataclasses.dataclass(frozen=True)
class Splits:
    """What there is before a training.

    Attributes:
        encoder: Folder of the encoder's SavedModel.
        training: The split train.
        evaluation: The split eval.
        test: The split test.
        graded: The split train, its labels grades instead of classes.
    """

    encoder: str
    training: TokenizedReviews
    evaluation: TokenizedReviews
    test: TokenizedReviews
    graded: TokenizedReviews


def prepare_splits(path: str, output: str) -> Splits:
    """Runs the pipeline up to `transform`, unless it has been run, and reads what it left.

    Args:
        path: Of the CSV.
        output: Folder for what the pipeline leaves.

    Returns:
        The splits.
    """
    program = str(Path(sys.executable).with_name("reviewlens"))
    overrides = [f"data.input={os.path.abspath(path)}", f"output={output}"]
    command = [program, "run", str(CONFIG), *overrides, "--to", "transform"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    encoder = str(_newest(output, "encoder-fetcher", "model") / "Format-Serving")
    transformed = _newest(output, "transform", "transformed_examples")
    examples = _newest(output, "review-example-gen", "examples")
    graded = read_tokenized([str(transformed / "Split-train" / "*")], "train", "grade")
    classes = np.array(GRADES, np.int32)[graded.labels]
    return Splits(
        encoder,
        dataclasses.replace(graded, labels=classes).in_canonical_order(),
        read_tokenized([str(transformed / "Split-eval" / "*")], "eval", "label"),
        _tokenize(str(examples / "Split-test" / "*"), encoder),
        graded,
    )


def write_reviews(path: str, reviews: TokenizedReviews) -> str:
    """Writes tokenized reviews for another process; returns the path."""
    np.savez(path, **{name: value for name, value in vars(reviews).items()})
    return path


def _newest(output: str, node: str, key: str) -> Path:
    versions = Path(output, "pipeline", node, key).iterdir()
    return max(versions, key=lambda version: int(version.name))


def _tokenize(pattern: str, encoder: str) -> TokenizedReviews:
    """Tokenizes raw examples: Transform leaves the test split as text."""
    tokenizer = load_tokenizer(encoder, max_tokens=MAX_TOKENS)
    features = {
        "text": tf.io.FixedLenFeature([], tf.string),
        "label": tf.io.FixedLenFeature([], tf.int64),
    }
    records = tf.data.TFRecordDataset(sorted(tf.io.gfile.glob(pattern)), compression_type="GZIP")
    (batch,) = records.batch(1_000_000).map(lambda batch: tf.io.parse_example(batch, features))
    rows = tokenizer(batch["text"]).to_list()
    return TokenizedReviews.from_rows(rows, batch["label"].numpy())
