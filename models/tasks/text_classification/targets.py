"""What the classifier learns from: the grade of each text, of which its class follows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..base import Target, Texts

GRADE = "grade"
TARGETS = {GRADE: Target("int32")}


def classes_of(texts: Texts, grades: Sequence[int]) -> np.ndarray:
    """The class of each text.

    Args:
        texts: With their grades.
        grades: Class index of each grade.

    Returns:
        Class indices, int64 [n].
    """
    return np.asarray(grades)[texts.targets[GRADE]]
