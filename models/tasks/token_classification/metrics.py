"""How good entities are: those that are found and those that there are, compared as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np


def shared_entities(predicted: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Those that were found and are right: begin, end and type are the same.

    Args:
        predicted: Entities that were found, int64 [n, 4]: text, where it begins, where it ends,
            type; whatever the places count, in both alike.
        true: Those that there are.

    Returns:
        int64 [hits, 4], each once.
    """
    both = np.concatenate([np.unique(of, axis=0) for of in (predicted, true)])
    found, counts = np.unique(both, axis=0, return_counts=True)
    return found[counts == 2]


def entity_counts(predicted: np.ndarray, true: np.ndarray, types: int) -> np.ndarray:
    """Counts entities by type; counts of several lots of texts may be added up.

    Args:
        predicted: Entities that were found, see `shared_entities`.
        true: Those that there are.
        types: How many types there are.

    Returns:
        int64 [types, 3]: how many were found and are right, were found, and are there.

    Example:
        >>> found, there = np.array([[0, 2, 5, 0], [0, 7, 8, 1]]), np.array([[0, 2, 5, 0]])
        >>> entity_counts(found, there, 2)
        array([[1, 1, 1],
               [0, 1, 0]])
    """
    lots = (shared_entities(predicted, true), predicted, true)
    return np.stack([np.bincount(lot[:, 3], minlength=types) for lot in lots], axis=1)


def entity_report(counts: np.ndarray, labels: Sequence[str]) -> dict[str, Any]:
    """Precision, recall and F1 of entities, exactly those of seqeval.

    They are seqeval's in its default mode and, as what is decided is always well-formed, of its
    strict one: Ramshaw and Marcus, "Text Chunking using Transformation-Based Learning", 1995.

    Args:
        counts: As `entity_counts` gives them, [types, 3].
        labels: Name of each type.

    Returns:
        `f1`, `precision` and `recall` of all entities; `macro_f1`, the mean over the types that
        were found or are there; and `per_class`, of each type `precision`, `recall`, `f1` and
        `support`. What would be a division by zero is 0.

    Example:
        >>> entity_report(np.array([[1, 2, 1]]), ["food"])["f1"]
        0.6666666666666666
    """
    precision, recall, f1 = _scores(counts)
    occurs = counts.any(axis=1)
    of_all = [float(score) for score in _scores(counts.sum(axis=0))]
    return {
        "f1": of_all[2],
        "precision": of_all[0],
        "recall": of_all[1],
        "macro_f1": float(f1[occurs].mean()) if occurs.any() else 0.0,
        "per_class": {
            name: {
                "precision": float(precision[index]),
                "recall": float(recall[index]),
                "f1": float(f1[index]),
                "support": int(counts[index, 2]),
            }
            for index, name in enumerate(labels)
        },
    }


def f1_of(counts: np.ndarray) -> np.ndarray:
    """F1 of counts, 0 where there is nothing.

    Args:
        counts: Right, found, there; [..., 3].

    Returns:
        float64 [...].
    """
    return _scores(counts)[2]


def _scores(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    hits, found, there = np.moveaxis(counts, -1, 0)
    precision, recall = hits / np.maximum(found, 1), hits / np.maximum(there, 1)
    return precision, recall, 2 * hits / np.maximum(found + there, 1)
