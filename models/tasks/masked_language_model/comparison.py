"""How much better one encoder guesses than another."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..differences import Difference
from .metrics import COST, HITS, NEXT, NUMBER
from .model import MLM, NSP

# Of all figures the one that is compared by how many times as great it is.
PERPLEXITY_RATIO = "perplexity_ratio"


def guess_counts(
    outputs: np.ndarray, random_next: np.ndarray, objectives: Sequence[str]
) -> dict[str, int]:
    """How much there was to guess.

    Args:
        outputs: As `Guesses` gives them, float [n, 5].
        random_next: Of each text -1 if it is no pair, int [n].
        objectives: What is told.

    Returns:
        Of `mlm` `masked_pieces`, of `nsp` `pairs`.

    Example:
        >>> guess_counts(np.array([[2.0, 1, 2, 0, 1]]), np.array([-1]), ["mlm", "nsp"])
        {'masked_pieces': 2, 'pairs': 0}
    """
    counts = {}
    if MLM in objectives:
        counts["masked_pieces"] = round(outputs[:, NUMBER].sum(dtype=np.float64))
    if NSP in objectives:
        counts["pairs"] = int((random_next >= 0).sum())
    return counts


def compare_guesses(
    candidate: np.ndarray,
    reference: np.ndarray,
    random_next: np.ndarray,
    objectives: Sequence[str],
) -> dict[str, Difference]:
    """The figures of one encoder minus those of another, on the same texts and masks.

    The intervals are those of the paired bootstrap over texts, see
    `text_classification.comparison.compare`.

    Args:
        candidate: What the one guesses, see `Guesses`, float [n, 5].
        reference: What the other guesses.
        random_next: Of each text 1 if its second part is from elsewhere, 0 if it follows the
            first, -1 if it has none, int [n].
        objectives: What is told.

    Returns:
        Of `mlm` `mlm_loss`, `mlm_accuracy` and `perplexity_ratio`, how many times the reference's
        perplexity the candidate's is; of `nsp` `nsp_accuracy`. What there is nothing of is left
        out.

    Example:
        >>> one, other = np.array([[2.0, 1, 2, 0, 0]] * 9), np.array([[4.0, 0, 2, 0, 0]] * 9)
        >>> found = compare_guesses(one, other, np.full(9, -1), ["mlm", "nsp"])
        >>> found["mlm_accuracy"].value, round(found["perplexity_ratio"].value, 3)
        (0.5, 0.368)
    """
    gain = (candidate - reference).astype(np.float64)
    differences = {}
    numbers = candidate[:, NUMBER].astype(np.float64)
    if MLM in objectives and numbers.any():
        random = np.random.default_rng(0)
        loss = Difference.of_ratio(gain[:, COST], numbers, random=random)
        differences["mlm_loss"] = loss
        differences["mlm_accuracy"] = Difference.of_ratio(gain[:, HITS], numbers, random=random)
        value, low, high = np.exp([loss.value, loss.low, loss.high]).tolist()
        differences[PERPLEXITY_RATIO] = Difference(value, low, high, value * loss.standard_error)
    told = random_next >= 0
    if NSP in objectives and told.any():
        right = [
            (one[told, NEXT].argmax(axis=1) == random_next[told]).astype(np.float64)
            for one in (candidate, reference)
        ]
        random = np.random.default_rng(0)
        differences["nsp_accuracy"] = Difference.of_mean(right[0] - right[1], random=random)
    return differences
