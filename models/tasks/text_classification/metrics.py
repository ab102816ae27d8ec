"""The figures by which a classifier is judged, on plain NumPy arrays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..probabilities import calibration_error, log_losses


def confusion_matrix(labels: np.ndarray, predictions: np.ndarray, num_classes: int) -> np.ndarray:
    """Counts how often each class was taken for each class.

    Args:
        labels: True class indices, int [n].
        predictions: Predicted class indices, int [n].
        num_classes: How many classes there are.

    Returns:
        int64 [num_classes, num_classes]; rows are true classes, columns predicted ones.
    """
    pairs = np.asarray(labels, np.int64) * num_classes + np.asarray(predictions, np.int64)
    return np.bincount(pairs, minlength=num_classes**2).reshape(num_classes, num_classes)


def f1_scores(confusion: np.ndarray) -> np.ndarray:
    """F1 of each class: 2 TP / (2 TP + FP + FN), and 0 for a class that never occurs.

    Args:
        confusion: Counts as `confusion_matrix` gives them, [classes, classes].

    Returns:
        float64 [classes].
    """
    hits = np.diagonal(confusion)
    return 2 * hits / np.maximum(confusion.sum(0) + confusion.sum(1), 1)


def macro_f1(labels: np.ndarray, predictions: np.ndarray, num_classes: int) -> float:
    """Unweighted mean of the classes' F1, as scikit-learn's `f1_score(average="macro")`.

    Args:
        labels: True class indices, int [n].
        predictions: Predicted class indices, int [n].
        num_classes: How many classes there are.

    Returns:
        A number in [0, 1].
    """
    return float(f1_scores(confusion_matrix(labels, predictions, num_classes)).mean())


def expected_calibration_error(
    probabilities: np.ndarray, labels: np.ndarray, bins: int = 15
) -> float:
    """How far the probability of the most probable class is from how often it is right.

    The top probabilities are cut into bins of equal width; the error is the mean distance
    between confidence and accuracy over the bins, weighted by their sizes (Guo et al.,
    "On Calibration of Modern Neural Networks", ICML 2017, equation 3).

    Args:
        probabilities: float [n, classes], rows sum to 1.
        labels: True class indices, int [n].
        bins: Number of bins over (0, 1].

    Returns:
        A number in [0, 1]; 0 for no rows.

    Example:
        >>> expected_calibration_error(np.array([[0.8, 0.2], [0.8, 0.2]]), np.array([0, 1]))
        0.3
    """
    confidence = probabilities.max(axis=1)
    correct = probabilities.argmax(axis=1) == labels
    return calibration_error(confidence, correct, bins)


def classification_report(
    probabilities: np.ndarray,
    predictions: np.ndarray,
    labels: np.ndarray,
    class_names: Sequence[str],
) -> dict:
    """Everything `summary.json` says of one split.

    Args:
        probabilities: Calibrated, float [n, classes].
        predictions: Class indices decided for, int [n]; not always the most probable ones.
        labels: True class indices, int [n].
        class_names: Name of each class, in the order of its index.

    Returns:
        `accuracy`, `macro_f1`, `ece`, `log_loss`, 0 for no rows, and `per_class` with the
        `precision`, `recall`, `f1` and `support` of each class name.
    """
    confusion = confusion_matrix(labels, predictions, len(class_names))
    hits = np.diagonal(confusion)
    precision = hits / np.maximum(confusion.sum(0), 1)
    recall = hits / np.maximum(confusion.sum(1), 1)
    f1 = f1_scores(confusion)
    return {
        "accuracy": float(hits.sum() / max(len(labels), 1)),
        "macro_f1": float(f1.mean()),
        "ece": expected_calibration_error(probabilities, labels),
        "log_loss": float(log_losses(probabilities, labels).sum() / max(len(labels), 1)),
        "per_class": {
            name: {
                "precision": float(precision[index]),
                "recall": float(recall[index]),
                "f1": float(f1[index]),
                "support": int(confusion[index].sum()),
            }
            for index, name in enumerate(class_names)
        },
    }
