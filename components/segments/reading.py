"""The segments that an encoder is pre-trained on, read in memory that does not grow with them."""

from __future__ import annotations

import contextlib
import hashlib
import tempfile
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO, cast

import numpy as np
import tensorflow as tf

from ...errors import RunError
from ...models.training.stored_tokens import StoredTokens
from ...models.training.tokenized import TokenizedTexts
from ..tokenized_examples import parsed_batches
from .features import RANDOM_NEXT, SECOND, TOKENS

# One of these parts is sorted in memory at a time: of 1 GB of text it has some 8 MB.
_PARTS = 128
# What is before the ids of a row, in int32: its key, and its length, `second` and `random_next`.
_KEY, _HEAD = 4, 7
_FEATURES = {
    TOKENS: tf.io.RaggedFeature(tf.int64),
    **{name: tf.io.FixedLenFeature([], tf.int64) for name in (SECOND, RANDOM_NEXT)},
}


def read_segments(
    patterns: Sequence[str], split: str, directory: str | None = None
) -> TokenizedTexts:
    """Reads the segments of a split, once, into an order of our own; their ids stay on disk.

    They are sorted by a hash of what they hold, as distributed writers leave rows in any order.
    The first bits of the hash part them, so that each part can be sorted by itself.

    Args:
        patterns: Files of the split, globs allowed.
        split: Its name, for the error.
        directory: Where the ids are kept, on this machine; None for that of temporary files.
            They have no name there, and go with the texts or with the process.

    Returns:
        The segments, in an order that does not depend on the files', with the target
        `random_next`, int32 [n]. In memory are some 20 bytes of each.

    Raises:
        RunError: If there are none.
    """
    with contextlib.ExitStack() as stack:
        parts = [stack.enter_context(_scratch_file(directory)) for _ in range(_PARTS)]
        for batch in parsed_batches(patterns, _FEATURES):
            for row in _rows(batch):
                parts[row[0] % _PARTS].write(row)
        tokens = _scratch_file(directory)
        heads = np.concatenate([_move(part, tokens) for part in parts])
    if not len(heads):
        raise RunError(f"the {split} split is empty: {', '.join(patterns)}")
    lengths, seconds, random_next = heads.T
    return TokenizedTexts(
        StoredTokens(tokens),
        np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]),
        {RANDOM_NEXT: np.ascontiguousarray(random_next)},
        # All of a segment that is no pair is its first part.
        seconds=np.where(seconds > 0, seconds, lengths).astype(np.int64),
    )


def has_segments(patterns: Sequence[str]) -> bool:
    """Whether a split has any segment.

    Args:
        patterns: Files of the split, globs allowed.
    """
    return any(True for _ in parsed_batches(patterns, _FEATURES))


def _scratch_file(directory: str | None) -> BinaryIO:
    return cast(BinaryIO, tempfile.TemporaryFile(dir=directory, prefix="segments-"))


def _rows(batch: dict[str, Any]) -> Iterator[bytes]:
    """What is kept of each row: a hash of the rest, a head, the ids."""
    ids = batch[TOKENS].values.numpy().astype(np.int32)
    splits = batch[TOKENS].row_splits.numpy()
    heads = np.stack([np.diff(splits), batch[SECOND], batch[RANDOM_NEXT]], 1).astype(np.int32)
    for head, start, end in zip(heads, splits[:-1].tolist(), splits[1:].tolist(), strict=True):
        content = head.tobytes() + ids[start:end].tobytes()
        yield hashlib.blake2b(content, digest_size=4 * _KEY).digest() + content


def _move(part: BinaryIO, tokens: BinaryIO) -> np.ndarray:
    """Appends the ids of a part, sorted, and returns the heads of its rows, int32 [rows, 3]."""
    part.seek(0)
    content = np.frombuffer(part.read(), np.int32)
    part.truncate(0)
    rows, at = [], 0
    while at < len(content):
        rows.append((content[at : at + _KEY].tobytes(), at))
        at += _HEAD + int(content[at + _KEY])
    rows.sort()
    places = np.array([at for _, at in rows], np.int64)
    heads = content[places[:, None] + np.arange(_KEY, _HEAD)].reshape(-1, _HEAD - _KEY)
    for at, length in zip(places.tolist(), heads[:, 0].tolist(), strict=True):
        tokens.write(content[at + _HEAD : at + _HEAD + length].data)
    return heads
