"""The tokenized examples that `transform` writes, as the nodes after it read them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from ..errors import RunError
from ..models.tasks.base import Task
from ..models.training.tokenized import TokenizedTexts

# Under this name TensorFlow Transform writes the values of the ragged output `tokens`.
TOKENS_FEATURE = "tokens$ragged_values"


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
    files = sorted(path for pattern in patterns for path in tf.io.gfile.glob(pattern))
    features = {name: target.feature(name) for name, target in task.targets.items()}
    features["tokens"] = tf.io.RaggedFeature(tf.int64, value_key=TOKENS_FEATURE)
    batches = (
        tf.data.TFRecordDataset(files, compression_type="GZIP")
        .batch(1024)
        .map(lambda records: tf.io.parse_example(records, features))
    )
    columns: dict[str, list] = {name: [] for name in features}
    for batch in batches:
        for name, values in batch.items():
            columns[name] += _rows(values)
    rows = columns.pop("tokens")
    if not rows:
        raise RunError(f"the {split} split is empty: {', '.join(patterns)}")
    ragged = [name for name, target in task.targets.items() if target.per_token]
    return TokenizedTexts.from_rows(rows, columns, ragged).in_canonical_order()


def _rows(values: tf.Tensor | tf.RaggedTensor) -> Sequence:
    if isinstance(values, tf.RaggedTensor):
        return np.split(values.values.numpy(), values.row_splits.numpy()[1:-1])
    return values.numpy().tolist()
