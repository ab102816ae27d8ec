"""Requests to a classifier, and whether an answer to one is right."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import tensorflow as tf

from ...examples import to_example

# Output that holds a number per class, and the one that names classes, by signature.
_OUTPUTS = {"serving_default": ("probabilities", "label"), "classify": ("scores", "classes")}


def make_requests(texts: Sequence[bytes]) -> Iterator[tuple[str, dict[str, tf.Tensor]]]:
    """Yields one request for each signature.

    Args:
        texts: What is asked about.
    """
    yield "serving_default", {"text": tf.constant(texts, tf.string)}
    yield "classify", {"inputs": tf.constant(list(map(to_example, texts)), tf.string)}


def problem(
    signature: str,
    inputs: Mapping[str, tf.Tensor],
    outputs: Mapping[str, np.ndarray],
    labels: Sequence[bytes],
) -> str:
    """What is wrong with the answer to a request; empty where nothing is.

    Args:
        signature: That was asked.
        inputs: Of the request.
        outputs: Of the answer.
        labels: The classes.
    """
    rows = len(next(iter(inputs.values())))
    scores, named = (outputs[name] for name in _OUTPUTS[signature])
    if scores.shape != (rows, len(labels)):
        return f"scores of shape {scores.shape} for {rows} texts and {len(labels)} classes"
    if not np.allclose(scores.sum(axis=1), 1, atol=1e-3):
        return f"probabilities that add up to {scores.sum(axis=1).tolist()}"
    unknown = set(named.ravel().tolist()) - set(labels)
    return f"unknown classes {sorted(unknown)}" if unknown else ""
