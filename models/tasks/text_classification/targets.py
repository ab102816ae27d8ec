"""What the classifier learns from: the grades of each text, of which its class follows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..base import Texts

GRADE = "grade"


def classes_of(texts: Texts, grades: Sequence[int]) -> np.ndarray:
    """The class of each text.

    Args:
        texts: With their grades: one each, or a distribution over all.
        grades: Class index of each grade.

    Returns:
        Class indices, int64 [n]; of a distribution the class with the greatest share.
    """
    found, classes = texts.targets[GRADE], np.asarray(grades)
    if found.ndim == 1:
        return classes[found]
    shares = [found[:, classes == index].sum(axis=1) for index in range(classes.max() + 1)]
    return np.argmax(np.stack(shares, axis=1), axis=1)


def shares_of(labels: np.ndarray, num_classes: int, others: Sequence[int] | int = 0) -> np.ndarray:
    """The share of each class, as if there were one more of each: none is impossible.

    Args:
        labels: Class indices, int [n].
        num_classes: How many classes there are.
        others: How many of each class there are besides, [classes]; 0 for none.

    Returns:
        float64 [classes].
    """
    counts = np.bincount(labels, minlength=num_classes) + np.asarray(others) + 1.0
    return counts / counts.sum()
