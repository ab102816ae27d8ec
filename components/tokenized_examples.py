"""The examples that `transform` writes, as the nodes after it read them: the encoder's tokens."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from ..errors import RunError
from ..models.tasks.base import Task
from ..models.training.tokenized import TokenizedTexts

# Under this name TensorFlow Transform writes the values of the ragged output `tokens`.
TOKENS_FEATURE = "tokens$ragged_values"
# Of texts that are read behind others: how many tokens are before them, see `join_pairs`.
SECOND_FEATURE = "second"


def read_tokenized(patterns: Sequence[str], split: str, task: Task) -> TokenizedTexts:
    """Reads what Transform wrote, into memory and into an order of our own.

    Args:
        patterns: Files of one split, globs allowed.
        split: Its name, for the error.
        task: Says which targets the texts have.

    Returns:
        The texts, in an order that does not depend on the files'.

    Raises:
        RunError: If there are none.
    """
    wanted: dict[str, Any] = {"tokens": tf.io.RaggedFeature(tf.int64, value_key=TOKENS_FEATURE)}
    if task.pairs:
        wanted[SECOND_FEATURE] = tf.io.FixedLenFeature([], tf.int64)
    columns = joined(read_batches(patterns, task, wanted), split, patterns)
    return texts_of(columns.pop("tokens"), columns, task).in_canonical_order()


def read_counts(patterns: Sequence[str], names: Sequence[str]) -> dict[str, int]:
    """Adds up numbers that Transform wrote of each text, and that nobody learns from.

    Args:
        patterns: Files of some splits, globs allowed.
        names: Of the numbers.

    Returns:
        By name the sum over all texts.
    """
    wanted = {name: tf.io.FixedLenFeature([], tf.int64) for name in names}
    sums = dict.fromkeys(names, 0)
    for batch in parsed_batches(patterns, wanted) if names else ():
        for name, values in batch.items():
            sums[name] += int(tf.reduce_sum(values))
    return sums


def read_batches(
    patterns: Sequence[str], task: Task, features: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    """Streams what Transform wrote.

    Args:
        patterns: Files of one split, globs allowed.
        task: Says which targets the texts have.
        features: By name what else is read of each example, as `tf.io.parse_example` takes it.

    Yields:
        Some of the examples, in the order of the files: by name a tensor of each of the
        features and of the targets.
    """
    wanted = {name: target.feature(name) for name, target in task.targets.items()} | features
    yield from parsed_batches(patterns, wanted)


def parsed_batches(patterns: Sequence[str], wanted: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Streams features of examples.

    Args:
        patterns: Files of one split, globs allowed.
        wanted: By name what is read, as `tf.io.parse_example` takes it.

    Yields:
        Some of the examples, in the order of the files: by name a tensor.
    """
    files = sorted(path for pattern in patterns for path in tf.io.gfile.glob(pattern))
    yield from (
        tf.data.TFRecordDataset(files, compression_type="GZIP")
        .batch(1024)
        .map(lambda records: tf.io.parse_example(records, wanted))
    )


def joined(
    batches: Iterator[dict[str, Any]], split: str, patterns: Sequence[str]
) -> dict[str, list]:
    """Puts batches together, by name a value for each row.

    Args:
        batches: By name a tensor, ragged or not.
        split: Name of the split, for the error.
        patterns: Where it is, likewise.

    Raises:
        RunError: If there is no row.
    """
    columns: dict[str, list] = {}
    for batch in batches:
        for name, values in batch.items():
            columns.setdefault(name, []).extend(_rows(values))
    if not columns:
        raise RunError(f"the {split} split is empty: {', '.join(patterns)}")
    return columns


def texts_of(rows: Sequence, columns: dict[str, list], task: Task) -> TokenizedTexts:
    """Makes texts of their rows of numbers and their targets.

    Args:
        rows: Token ids of each text, or whatever else stands for it.
        columns: By name the targets, and maybe more; `second` of texts behind others.
        task: Says which targets the texts have.
    """
    ragged = [name for name, target in task.targets.items() if target.per_token]
    targets = {name: columns[name] for name in task.targets}
    return TokenizedTexts.from_rows(rows, targets, ragged, columns.get(SECOND_FEATURE))


def _rows(values: tf.Tensor | tf.RaggedTensor) -> Sequence:
    if isinstance(values, tf.RaggedTensor):
        return np.split(values.values.numpy(), values.row_splits.numpy()[1:-1])
    return values.numpy().tolist()
