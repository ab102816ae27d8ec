"""Labels that are probably wrong: confident learning.

Northcutt, Jiang and Chuang, "Confident Learning: Estimating Uncertainty in Dataset Labels",
Journal of Artificial Intelligence Research 70, 2021. A model that has not learnt from a text is
sure of another class than the text is labelled with, as sure as it is of that class on average
where a text is labelled with it: then the label, not the model, may be wrong.
"""

from __future__ import annotations

import dataclasses

import numpy as np

# Probabilities that differ by less are the same.
_ALIKE = 1e-6


@dataclasses.dataclass(frozen=True)
class LabelErrors:
    """Texts whose labels are probably wrong.

    Attributes:
        rows: Their places, those that are most probably wrong first; int64 [found].
        suggested: The class that the model is sure of instead, int64 [found].
        margins: Probability of the label minus the greatest one of another class, the normalized
            margin, by which they are ordered; float64 [found].
        thresholds: Of each class, how sure the model is of it on average where a text is labelled
            with it; float64 [classes], NaN where none is.
        joint: How many texts are labelled with one class (row) and probably are of another
            (column): the confident joint, scaled so that each row sums to the number of its
            texts; float64 [classes, classes].
    """

    rows: np.ndarray
    suggested: np.ndarray
    margins: np.ndarray
    thresholds: np.ndarray
    joint: np.ndarray

    @property
    def estimated(self) -> float:
        """How many labels are wrong, by the estimate of the joint."""
        return float(self.joint.sum() - np.trace(self.joint))


def find_label_errors(probabilities: np.ndarray, labels: np.ndarray) -> LabelErrors:
    """Finds texts that a model is sure to be of another class than they are labelled with.

    Args:
        probabilities: Of a model that has not learnt from these texts, float [n, classes].
        labels: Class indices, int [n].

    Example:
        >>> probabilities = np.array([[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.2, 0.8], [0.9, 0.1]])
        >>> find_label_errors(probabilities, np.array([0, 0, 1, 1, 1])).rows
        array([4])
    """
    probabilities = np.asarray(probabilities, np.float64)
    labels = np.asarray(labels, np.int64)
    classes = probabilities.shape[1]
    sizes = np.bincount(labels, minlength=classes)
    own = probabilities[np.arange(len(labels)), labels]
    with np.errstate(invalid="ignore"):
        thresholds = np.bincount(labels, weights=own, minlength=classes) / sizes
    # Nobody can be as sure of a class as of texts that there are not.
    sure = probabilities >= np.where(sizes, thresholds, np.inf) - _ALIKE
    likely = np.where(sure, probabilities, -1.0).argmax(axis=1)
    counted = sure.any(axis=1)
    joint = np.bincount(labels[counted] * classes + likely[counted], minlength=classes**2)
    joint = joint.reshape(classes, classes).astype(np.float64)
    scale = sizes / np.maximum(joint.sum(axis=1), 1)
    wrong = np.flatnonzero(counted & (likely != labels))
    others = probabilities[wrong]
    others[np.arange(len(wrong)), labels[wrong]] = -1.0
    margins = own[wrong] - others.max(axis=1)
    order = np.argsort(margins, kind="stable")
    return LabelErrors(
        wrong[order], likely[wrong][order], margins[order], thresholds, joint * scale[:, None]
    )
