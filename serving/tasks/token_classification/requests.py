"""Requests to a model that finds entities, and whether an answer to one is right."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import tensorflow as tf

# The whole of a text is read, in a time that grows with it and with the size of the encoder.
# This many bytes are a dozen windows.
LONGEST = 10_000

# What a text with fewer entities than others has beyond its own.
_PADDING = {"start": 0, "end": 0, "label": b"", "score": 0, "entity": b""}


def make_requests(texts: Sequence[bytes]) -> Iterator[tuple[str, dict[str, tf.Tensor]]]:
    """Yields one request for each name of the signature.

    Args:
        texts: What is asked about.
    """
    for name in ("serving_default", "entities"):
        yield name, {"text": tf.constant(texts, tf.string)}


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
        labels: The kinds of entities.
    """
    texts, counts = inputs["text"].numpy(), outputs["count"]
    if counts.shape != (len(texts),):
        return f"counts of shape {counts.shape} for {len(texts)} texts"
    shape = (len(texts), max(counts, default=0))
    for name, nothing in _PADDING.items():
        if outputs[name].shape != shape:
            return f"{name} of shape {outputs[name].shape}, which is to be {shape}"
        if (outputs[name][np.arange(shape[1]) >= counts[:, None]] != nothing).any():
            return f"{name} of more entities than there are"
    for number, text in enumerate(texts):
        found = {name: outputs[name][number, : counts[number]] for name in _PADDING}
        if wrong := _wrong(text, found, labels):
            return f"{wrong} in text {number}"
    return ""


def _wrong(text: bytes, found: Mapping[str, np.ndarray], labels: Sequence[bytes]) -> str:
    """What is wrong with the entities of one text."""
    bounds = np.stack([found["start"], found["end"]], axis=1).ravel()
    if (np.diff(bounds, prepend=0) < 0).any() or (bounds[::2] >= bounds[1::2]).any():
        return f"entities that are empty or overlap, from and to {bounds.tolist()[:20]},"
    if not ((found["score"] >= 0) & (found["score"] <= 1)).all():
        return f"scores that are no probabilities, {found['score'].tolist()[:20]},"
    if unknown := set(found["label"].tolist()) - set(labels):
        return f"unknown labels {sorted(unknown)}"
    try:
        characters = text.decode()
    except UnicodeDecodeError:
        # How many characters there are is for the model to say.
        return ""
    parts = [characters[start:end].encode() for start, end in bounds.reshape(-1, 2).tolist()]
    return "" if parts == found["entity"].tolist() else "entities that are not what stands there"
