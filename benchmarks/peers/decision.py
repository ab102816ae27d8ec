"""What reviewlens does after the logits, for peers that end with them."""

from __future__ import annotations

import numpy as np


def conclude(logits: np.ndarray, decision: dict) -> tuple[np.ndarray, np.ndarray]:
    """From the logits of grades to calibrated probabilities of classes, and the decision.

    Args:
        logits: Of the head, float [n, grades].
        decision: Of `convert.py`: `grades` (class index of each grade), `temperature`,
            `stretch`, `biases` and `offsets`.

    Returns:
        Calibrated probabilities [n, classes], and class indices [n].
    """
    scores = _class_logits(np.asarray(logits, np.float64), decision["grades"])
    scores -= scores.mean(1, keepdims=True)
    norms = np.linalg.norm(scores, axis=1, keepdims=True)
    scale = 1 / decision["temperature"] + decision["stretch"] * norms
    scores = scale * scores + decision["biases"]
    exponentials = np.exp(scores - scores.max(1, keepdims=True))
    probabilities = exponentials / exponentials.sum(1, keepdims=True)
    chosen = np.log(np.maximum(probabilities, 1e-30)) + decision["offsets"]
    return probabilities, np.argmax(chosen, axis=1)


def _class_logits(logits: np.ndarray, grades: list[int]) -> np.ndarray:
    """Adds up the probabilities of the grades of each class."""
    classes = range(max(grades) + 1)
    members = [logits[:, np.equal(grades, label)] for label in classes]
    return np.stack([np.logaddexp.reduce(part, axis=1) for part in members], axis=1)
