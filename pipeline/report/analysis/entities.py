"""How good a model finds entities: overall, by type, and what its scores are worth."""

from __future__ import annotations

import dataclasses

import numpy as np

from ....components.tasks.spans import entity_rows
from .calibration import Reliability, reliability_of
from .estimates import Estimate, of_sums


@dataclasses.dataclass(frozen=True)
class TypeFigures:
    """Figures of the entities of a type, or of all.

    Attributes:
        precision: How many of those that were found are right.
        recall: How many of those that there are were found.
        f1: The harmonic mean of both.
        support: How many there are.
    """

    precision: Estimate
    recall: Estimate
    f1: Estimate
    support: int


def figures_of_entities(counts: np.ndarray) -> tuple[TypeFigures, list[TypeFigures]]:
    """Computes the figures of seqeval, with the uncertainty of the texts.

    Args:
        counts: As `scores.entities_of_texts` gives them, [n, types, 3], at least one text.

    Returns:
        Figures of all entities, and of each type.
    """
    sums = counts.sum(axis=0)
    of_all = _figures(counts.sum(axis=1), sums.sum(axis=0))
    return of_all, [_figures(counts[:, place], sums[place]) for place in range(counts.shape[1])]


def _figures(counts: np.ndarray, sums: np.ndarray) -> TypeFigures:
    def scores(of: np.ndarray) -> np.ndarray:
        hits, found, there = of.T
        return np.stack(
            [
                hits / np.maximum(found, 1),
                hits / np.maximum(there, 1),
                2 * hits / np.maximum(found + there, 1),
            ],
            axis=1,
        )

    precision, recall, f1 = of_sums(counts, scores)
    return TypeFigures(precision, recall, f1, int(sums[2]))


def reliability_of_entities(
    found: np.ndarray, scores: np.ndarray, there: np.ndarray
) -> Reliability | None:
    """Compares the scores of entities with how often these are right; None without entities.

    Args:
        found: Entities that a model finds in each text, as the feature `spans` has them; [n].
        scores: Of these, lists of numbers [n].
        there: Entities that there are, [n].
    """
    predicted, true = entity_rows(found), entity_rows(there)
    if not len(predicted):
        return None
    rows = np.concatenate([predicted, true])
    _, codes = np.unique(rows, axis=0, return_inverse=True)
    right = np.isin(codes[: len(predicted)], codes[len(predicted) :])
    return reliability_of(np.concatenate([np.asarray(each) for each in scores]), right)
