"""How good a classifier is: overall, by class, and whatever probability of a class is asked for."""

from __future__ import annotations

import dataclasses

import numpy as np

from ....models.tasks.text_classification.metrics import confusion_matrix
from .estimates import Estimate, of_counts, share


@dataclasses.dataclass(frozen=True)
class ClassFigures:
    """Figures of a class.

    Attributes:
        precision: How many of the texts that were taken for it are of it; None if none was.
        recall: How many of its texts were taken for it; None if there is none.
        f1: The harmonic mean of both.
        support: How many texts there are of it.
    """

    precision: Estimate | None
    recall: Estimate | None
    f1: Estimate
    support: int


@dataclasses.dataclass(frozen=True)
class Figures:
    """Figures of a classifier on some texts, at least one.

    Attributes:
        examples: How many texts there are.
        accuracy: How many of them are named right.
        macro_f1: The mean F1 of the classes.
        confusion: How often each class was taken for each, int64 [classes, classes]; rows are
            the true ones.
        classes: Figures of each class, in the order of their index.
    """

    examples: int
    accuracy: Estimate
    macro_f1: Estimate
    confusion: np.ndarray
    classes: tuple[ClassFigures, ...]


def figures_of(truth: np.ndarray, decided: np.ndarray, classes: int) -> Figures:
    """Computes what follows from the classes that were decided for.

    Args:
        truth: True class indices, int [n], at least one.
        decided: Class indices decided for, int [n].
        classes: How many there are.

    Example:
        >>> found = figures_of(np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1]), 2)
        >>> str(found.accuracy)
        '0.750 (0.301 to 0.954)'
    """
    confusion = confusion_matrix(truth, decided, classes)

    def f1s(counts: np.ndarray) -> np.ndarray:
        cells = counts.reshape(-1, classes, classes)
        hits = np.diagonal(cells, axis1=1, axis2=2)
        of = 2 * hits / np.maximum(cells.sum(axis=1) + cells.sum(axis=2), 1)
        return np.concatenate([of, of.mean(axis=1, keepdims=True)], axis=1)

    *of_classes, macro = of_counts(confusion.ravel(), f1s)
    hits = np.diagonal(confusion)
    found, there = confusion.sum(axis=0), confusion.sum(axis=1)
    total = share(hits.sum(), len(truth))
    assert total is not None
    return Figures(
        len(truth),
        total,
        macro,
        confusion,
        tuple(
            ClassFigures(
                share(hits[index], found[index]),
                share(hits[index], there[index]),
                of_classes[index],
                int(there[index]),
            )
            for index in range(classes)
        ),
    )


@dataclasses.dataclass(frozen=True)
class Curve:
    """Precision and recall of a class, whatever probability is asked for.

    Attributes:
        recall: float [points], ascending.
        precision: float [points].
        average_precision: The area below the curve, as the mean precision over the texts of the
            class, each at the probability that the model gives it.
        prevalence: The share of the class, which is the precision of guessing.
    """

    recall: np.ndarray
    precision: np.ndarray
    average_precision: float
    prevalence: float


def precision_recall(scores: np.ndarray, positive: np.ndarray, points: int = 200) -> Curve | None:
    """Computes the curve of a class; None where it has no texts.

    Args:
        scores: Probability of the class, float [n].
        positive: Whether a text is of it, bool [n].
        points: How many are kept for a drawing; the average is computed of all.

    Example:
        >>> curve = precision_recall(np.array([0.9, 0.6, 0.4]), np.array([True, False, True]))
        >>> round(curve.average_precision, 3)
        0.833
    """
    total = int(positive.sum())
    if not total:
        return None
    order = np.argsort(-scores, kind="stable")
    hits = np.cumsum(positive[order])
    # Texts of one probability come together, or not at all.
    ends = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True))
    precision, recall = hits[ends] / (ends + 1), hits[ends] / total
    average = float((np.diff(recall, prepend=0.0) * precision).sum())
    places = np.searchsorted(recall, np.arange(1, points + 1) / points)
    wanted = np.unique(places.clip(0, len(recall) - 1))
    return Curve(recall[wanted], precision[wanted], average, total / len(positive))


def worst_first(probabilities: np.ndarray, truth: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Orders texts by how little a model believes what is true of them.

    Args:
        probabilities: float [n, classes].
        truth: True class indices, int [n].
        rows: Which texts, places in both.
    """
    chosen = np.asarray(rows, np.int64)
    return chosen[np.argsort(probabilities[chosen, truth[chosen]], kind="stable")]
