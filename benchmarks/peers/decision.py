"""What reviewlens does after the logits, for peers that end with a softmax."""

from __future__ import annotations

import numpy as np


def fold(weight: np.ndarray, bias: np.ndarray, decision: dict) -> tuple[np.ndarray, np.ndarray]:
    """The head whose plain softmax is the calibrated one, but for the stretch.

    Args:
        weight: Of the head, [classes, hidden_size].
        bias: Of the head, [classes].
        decision: Of `convert.py`: `temperature`, `biases` and `offsets`.

    Returns:
        Weight and bias, float32.
    """
    scale = 1 / decision["temperature"]
    folded = weight * scale, bias * scale + np.array(decision["biases"])
    return tuple(np.asarray(array, np.float32) for array in folded)


def conclude(probabilities: np.ndarray, decision: dict) -> tuple[np.ndarray, np.ndarray]:
    """What is left to do after the softmax of `fold`: the stretch, and the decision.

    Args:
        probabilities: float [n, classes].
        decision: See `fold`; `stretch` beside that.

    Returns:
        Calibrated probabilities [n, classes], and class indices [n].
    """
    biases = np.array(decision["biases"])
    scores = np.log(np.maximum(probabilities, 1e-30)) - biases
    scores -= scores.mean(1, keepdims=True)
    norms = np.linalg.norm(scores, axis=1, keepdims=True) * decision["temperature"] ** 2
    scores = scores * (1 + decision["stretch"] * norms) + biases
    exponentials = np.exp(scores - scores.max(1, keepdims=True))
    calibrated = exponentials / exponentials.sum(1, keepdims=True)
    chosen = np.log(np.maximum(calibrated, 1e-30)) + decision["offsets"]
    return calibrated, np.argmax(chosen, axis=1)
