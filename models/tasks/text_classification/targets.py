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
