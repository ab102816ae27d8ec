"""Batches of reviews of similar length, padded only to their longest."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..arrays import distributions
from ..encoders.inputs import EncoderInputs
from ..tasks.base import Target
from .tokenized import TokenizedTexts

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
    texts: TokenizedTexts,
    rows: np.ndarray,
    inputs: EncoderInputs,
    multiple: int = MULTIPLE,
) -> dict[str, np.ndarray]:
    """The encoder's inputs for some reviews.

    Args:
        texts: Where the reviews are taken from.
        rows: Their row numbers, int [batch].
        inputs: What the encoder takes.
        multiple: The width is the longest review's length rounded up to this.

    Returns:
        What `EncoderInputs.pad` makes of them, each int32 [batch, width].
    """
    starts = texts.row_splits[rows]
    lengths = texts.row_splits[rows + 1] - starts
    seconds = None if texts.seconds is None else texts.seconds[rows]
    return inputs.pad(texts.tokens, starts, lengths, multiple, seconds)


def pad_targets(
    texts: TokenizedTexts, rows: np.ndarray, width: int, targets: Mapping[str, Target]
) -> dict[str, np.ndarray]:
    """What the outputs for some texts are compared with.

    Args:
        texts: Where they are taken from.
        rows: Their row numbers, int [batch].
        width: That of the inputs which `pad_batch` made of the same rows.
        targets: Those wanted, by name.

    Returns:
        By name an array [batch], [batch, size] of a distribution, or [batch, width] of a target
        that each token has.
    """
    return {name: _padded(texts, rows, width, name, target) for name, target in targets.items()}


def _padded(
    texts: TokenizedTexts, rows: np.ndarray, width: int, name: str, target: Target
) -> np.ndarray:
    values = texts.targets[name]
    if target.size is not None:
        return distributions(values[rows], target.size)
    if not target.per_token:
        return values[rows]
    starts = texts.row_splits[rows]
    positions = np.arange(width)
    mask = positions < (texts.row_splits[rows + 1] - starts)[:, None]
    padded = np.full(mask.shape, target.padding, values.dtype)
    padded[mask] = values[(starts[:, None] + positions)[mask]]
    return padded
