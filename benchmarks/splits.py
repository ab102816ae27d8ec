"""The splits that `reviewlens run … --to transform` makes of a file."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import tensorflow as tf
from reviews import CONFIG, ENCODER, MAX_TOKENS

from reviewlens.components.tokenized_examples import read_tokenized
from reviewlens.models.encoders.registry import load_tokenizer
from reviewlens.models.encoders.truncation import Truncation
from reviewlens.models.tasks.text_classification.targets import classes_of
from reviewlens.models.tasks.text_classification.task import TextClassification
from reviewlens.models.training.tokenized import TokenizedTexts
from reviewlens.pipeline.config import load_config

ROOT = Path(__file__).parents[1]
WORK = ROOT / "runs" / "benchmarks"


@dataclasses.dataclass(frozen=True)
class Splits:
    """What there is before a training.

    Attributes:
        task: What is learnt of them.
        encoder: Folder of the encoder's SavedModel.
        training: The split train.
        evaluation: The split eval.
        test: The split test.
        graded: The split train with the grades of the reviews; the others have their classes.
        graded_evaluation: The split eval, likewise.
    """

    task: TextClassification
    encoder: str
    training: TokenizedTexts
    evaluation: TokenizedTexts
    test: TokenizedTexts
    graded: TokenizedTexts
    graded_evaluation: TokenizedTexts


def prepare_splits(
    path: str | None, output: str, config: Path = CONFIG, encoder: str = ENCODER
) -> Splits:
    """Runs the pipeline up to `transform`, unless it has been run, and reads what it left.

    Args:
        path: Of the CSV; None for what the configuration reads.
        output: Folder for what the pipeline leaves.
        config: Of a text classification.
        encoder: As it is told on the command line; its tokenizer is what counts.

    Returns:
        The splits.
    """
    program = str(Path(sys.executable).with_name("reviewlens"))
    overrides = [f"output={output}", encoder]
    if path is not None:
        overrides.append(f"data.input={os.path.abspath(path)}")
    command = [program, "run", str(config), *overrides, "--to", "transform"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    recipe = load_config(str(config), overrides)
    cut = Truncation(MAX_TOKENS, recipe.model.truncation)
    fetched = str(newest(output, "encoder-fetcher", "model") / "Format-Serving")
    transformed = newest(output, "transform", "transformed_examples")
    examples = newest(output, "review-example-gen", "examples")
    labels = tuple(recipe.data.classes)
    task = TextClassification(labels, tuple(grade.label for grade in recipe.data.grades))
    graded, graded_evaluation = (
        read_tokenized([str(transformed / f"Split-{split}" / "*")], split, task).cut(cut)
        for split in ("train", "eval")
    )
    return Splits(
        task,
        fetched,
        _by_class(graded, task),
        _by_class(graded_evaluation, task),
        _tokenize(str(examples / "Split-test" / "*"), fetched, cut),
        graded,
        graded_evaluation,
    )


def labels_of(reviews: TokenizedTexts) -> np.ndarray:
    """The class that each review is labelled with, int32 [n]."""
    return reviews.targets["grade"]


def _by_class(graded: TokenizedTexts, task: TextClassification) -> TokenizedTexts:
    classes = classes_of(graded, task.grades).astype(np.int32)
    return dataclasses.replace(graded, targets={"grade": classes}).in_canonical_order()


def write_reviews(path: str, reviews: TokenizedTexts) -> str:
    """Writes tokenized reviews for another process; returns the path."""
    np.savez(path, tokens=reviews.tokens, row_splits=reviews.row_splits, labels=labels_of(reviews))
    return path


def newest(output: str, node: str, key: str) -> Path:
    """The last artifact that a node of a run left under a key, of the run's `output`."""
    versions = Path(output, "pipeline", node, key).iterdir()
    return max(versions, key=lambda version: int(version.name))


def _tokenize(pattern: str, encoder: str, cut: Truncation) -> TokenizedTexts:
    """Tokenizes raw examples: Transform leaves the test split as text."""
    tokenizer = load_tokenizer(encoder, max_tokens=cut.max_tokens, truncation=cut.kind)
    features = {
        "text": tf.io.FixedLenFeature([], tf.string),
        "label": tf.io.FixedLenFeature([], tf.int64),
    }
    records = tf.data.TFRecordDataset(sorted(tf.io.gfile.glob(pattern)), compression_type="GZIP")
    (batch,) = records.batch(1_000_000).map(lambda batch: tf.io.parse_example(batch, features))
    rows = tokenizer(batch["text"]).to_list()
    return TokenizedTexts.from_rows(rows, {"grade": batch["label"].numpy()})
