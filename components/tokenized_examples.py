"""The tokenized examples that `transform` writes, as the nodes after it read them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from ..errors import RunError
from ..models.training.tokenized import TokenizedReviews

# Under this name TensorFlow Transform writes the values of the ragged output `tokens`.
TOKENS_FEATURE = "tokens$ragged_values"


def read_tokenized(patterns: Sequence[str], split: str, label: str) -> TokenizedReviews:
    """Reads what Transform wrote, into memory and into an order of our own.

    Args:
        patterns: Files of one split, globs allowed.
        split: Its name, for the error.
        label: The feature that becomes the label, `label` (class) or `grade`.

    Returns:
        The reviews, in an order that does not depend on the files'.

    Raises:
        RunError: If there are none.
    """
    files = sorted(path for pattern in patterns for path in tf.io.gfile.glob(pattern))
    features = {
        "tokens": tf.io.RaggedFeature(tf.int64, value_key=TOKENS_FEATURE),
        label: tf.io.FixedLenFeature([], tf.int64),
    }
    batches = (
        tf.data.TFRecordDataset(files, compression_type="GZIP")
        .batch(1024)
        .map(lambda records: tf.io.parse_example(records, features))
    )
    rows, labels = [], []
    for batch in batches:
        tokens = batch["tokens"]
        rows += np.split(tokens.values.numpy(), tokens.row_splits.numpy()[1:-1])
        labels += batch[label].numpy().tolist()
    if not labels:
        raise RunError(f"the {split} split is empty: {', '.join(patterns)}")
    return TokenizedReviews.from_rows(rows, labels).in_canonical_order()
