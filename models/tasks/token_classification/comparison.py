"""Whether one tagger is better than another on the same texts, or only luckier."""

from __future__ import annotations

import numpy as np

from ..differences import SAMPLES, Difference, portions
from .metrics import f1_of, shared_entities


def counts_of_texts(predicted: np.ndarray, true: np.ndarray, texts: int) -> np.ndarray:
    """How many entities of each text were found and are right, were found, and are there.

    Args:
        predicted: Entities that were found, int64 [n, 4], see `shared_entities`.
        true: Those that there are.
        texts: How many texts there are.

    Returns:
        int64 [texts, 3].
    """
    lots = (shared_entities(predicted, true), predicted, true)
    return np.stack([np.bincount(lot[:, 0], minlength=texts) for lot in lots], axis=1)


def compare_counts(
    candidate: np.ndarray,
    reference: np.ndarray,
    *,
    samples: int = SAMPLES,
    random: np.random.Generator,
) -> Difference:
    """How much greater F1 is, with the uncertainty of the texts: the paired bootstrap over them.

    See `text_classification.comparison.compare`.

    Args:
        candidate: `counts_of_texts` of the one, at least one text.
        reference: Of the other.
        samples: How often texts are drawn.
        random: What draws.
    """
    # Equal ones are drawn together.
    rows = np.concatenate([candidate, reference], axis=1)
    outcomes, counts = np.unique(rows, axis=0, return_counts=True)

    def differences(drawn: np.ndarray) -> np.ndarray:
        sums = drawn @ outcomes
        return f1_of(sums[:, :3]) - f1_of(sums[:, 3:])

    resampled = [
        differences(random.multinomial(len(rows), counts / len(rows), some))
        for some in portions(samples, len(counts))
    ]
    return Difference.of_resamples(differences(counts[None])[0], np.concatenate(resampled))
