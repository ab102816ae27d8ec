"""How frequent pieces are, which a fresh head would take thousands of steps to learn."""

from __future__ import annotations

import numpy as np

from ...encoders.inputs import TokenIds

# More ids would tell the same.
_COUNTED = 1_000_000


def log_frequencies(tokens: TokenIds, vocabulary_size: int) -> np.ndarray:
    """The logarithm of each piece's share of a text, for the bias of a head without training.

    Its first guesses are then about as good as they can be without reading: it does not begin at
    the cross-entropy of a uniform guess, from which a bias moves by a learning rate at a time.

    Args:
        tokens: Ids of the text, of which the first million counts.
        vocabulary_size: All ids are below it.

    Returns:
        Float32 [vocabulary_size]; ids that are not there are taken to be there once.

    Example:
        >>> np.exp(log_frequencies(np.array([1, 1, 2, 1]), 4)).round(2)
        array([0.12, 0.5 , 0.25, 0.12], dtype=float32)
    """
    counts = np.bincount(tokens[:_COUNTED], minlength=vocabulary_size) + 1.0
    return np.log(counts / counts.sum()).astype(np.float32)
