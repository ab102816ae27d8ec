"""How much classes count that are not equally frequent."""

from __future__ import annotations

import numpy as np


def balanced_class_weights(labels: np.ndarray, num_classes: int) -> np.ndarray:
    """Weights inversely proportional to class frequency, as scikit-learn's `balanced`.

    Args:
        labels: Class indices, int [n].
        num_classes: How many classes there are.

    Returns:
        float32 [num_classes]; their mean over the labels is 1.
    """
    counts = np.bincount(labels, minlength=num_classes)
    return (len(labels) / (num_classes * np.maximum(counts, 1))).astype(np.float32)
