"""Batches of reviews of similar length, padded only to their longest."""

from __future__ import annotations

import numpy as np

from ..encoders.inputs import EncoderInputs
from .tokenized import TokenizedReviews

# Batches whose reviews are sorted together. More saves hardly any padding and shuffles less.
WINDOW = 50
# Widths are rounded up to this, so that few shapes occur and each is a friendly one.
MULTIPLE = 8


def shuffled_batches(
    lengths: np.ndarray,
    batch_size: int,
    random: np.random.Generator,
    window: int = WINDOW,
) -> list[np.ndarray]:
    """One epoch of batches: every review once, in random order, similar lengths together.

    The reviews are shuffled, cut into windows of `window` batches, sorted by length within
    each window and cut into batches; then the batches of all windows are shuffled. So a
    batch wastes little on padding while its members still are a random choice.

    Args:
        lengths: Word pieces of each review, int [n].
        batch_size: Reviews in a batch; the last one of the epoch's windows may be smaller.
        random: Decides the order.
        window: Batches sorted together.

    Returns:
        Row numbers of each batch, int64 [batch].

    Example:
        >>> batches = shuffled_batches(np.array([9, 3, 8, 4]), 2, np.random.default_rng(0))
        >>> sorted(sorted(batch.tolist()) for batch in batches)
        [[0, 2], [1, 3]]
    """
    order = random.permutation(len(lengths))
    span = batch_size * window
    batches = []
    for start in range(0, len(order), span):
        rows = order[start : start + span]
        rows = rows[np.argsort(lengths[rows], kind="stable")]
        batches += [rows[at : at + batch_size] for at in range(0, len(rows), batch_size)]
    return [batches[index] for index in random.permutation(len(batches))]


def sorted_batches(lengths: np.ndarray, batch_size: int) -> list[np.ndarray]:
    """Batches for scoring, the longest reviews first: least padding, and memory peaks at once.

    Args:
        lengths: Word pieces of each review, int [n].
        batch_size: Reviews in a batch; the last one may be smaller.

    Returns:
        Row numbers of each batch, int64 [batch].
    """
    order = np.argsort(-lengths, kind="stable")
    return [order[at : at + batch_size] for at in range(0, len(order), batch_size)]


def pad_batch(
    reviews: TokenizedReviews,
    rows: np.ndarray,
    inputs: EncoderInputs,
    multiple: int = MULTIPLE,
) -> dict[str, np.ndarray]:
    """The encoder's inputs for some reviews.

    Args:
        reviews: Where the reviews are taken from.
        rows: Their row numbers, int [batch].
        inputs: What the encoder takes.
        multiple: The width is the longest review's length rounded up to this.

    Returns:
        What `EncoderInputs.pad` makes of them, each int32 [batch, width].
    """
    starts = reviews.row_splits[rows]
    return inputs.pad(reviews.tokens, starts, reviews.row_splits[rows + 1] - starts, multiple)
