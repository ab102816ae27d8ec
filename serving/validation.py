"""Whether an exported model can be served: loads it and sends it ordinary and hostile requests.

Run as `python -m reviewlens.serving.validation MODEL_DIR`; the last line it prints is JSON
with the list `failures`, empty for a sound model.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping

# Registers the tokenizer's operations, as stock TensorFlow Serving links them.
import tensorflow_text  # noqa: F401  isort: skip
import numpy as np
import tensorflow as tf

from .warmup import read_warmup_requests, to_example

# What reaches a public endpoint sooner or later. Each must get an answer like any other text.
HOSTILE_TEXTS = {
    "an empty text": b"",
    "white space": b" \t\r\n",
    "one million characters": b"great " * 166_667,
    "one word of one million characters": b"a" * 1_000_000,
    "emoji": "👍🏽 👩‍👩‍👧‍👦 😡".encode() * 20,
    "a NUL character": b"good\0bad",
    "right-to-left text with marks": "\u202eממש טוב\u0301\u0301\u0301".encode(),
    "bytes that are no UTF-8": b"caf\xe9 \xff\xfe",
}
# Output that holds a number per class, by signature.
SCORES = {"serving_default": "probabilities", "classify": "scores"}


def validate_model(directory: str) -> list[str]:
    """Queries every signature of a model with its warm-up requests and with hostile ones.

    Args:
        directory: A version directory, as the trainer exports it.

    Returns:
        What went wrong, one sentence each; empty for a sound model.

    Example:
        >>> validate_model("runs/amazon-snippets/serving/amazon-snippets/1790000000")
        []
    """
    try:
        model = tf.saved_model.load(directory)
        labels = tf.io.gfile.GFile(os.path.join(directory, "assets", "labels.txt")).read()
        warmup = list(read_warmup_requests(directory))
    except (OSError, ValueError, tf.errors.OpError) as error:
        return [f"the model cannot be loaded: {_first_line(error)}"]
    missing = [name for name in SCORES if name not in model.signatures]
    if missing:
        return [f"the model lacks the signature {name}" for name in missing]
    if not warmup:
        return ["the model has no warm-up requests"]
    known = set(labels.encode().splitlines())
    requests = [(f"warm-up request {i}", *request) for i, request in enumerate(warmup)]
    problems = (
        (f"{name} to {signature}", _query(model.signatures[signature], signature, inputs, known))
        for name, signature, inputs in [*requests, *_hostile_requests()]
    )
    return [f"{name}: {problem}" for name, problem in problems if problem]


def _hostile_requests() -> Iterator[tuple[str, str, dict[str, tf.Tensor]]]:
    batches = {name: [text] for name, text in HOSTILE_TEXTS.items()}
    batches["all hostile texts in one batch"] = list(HOSTILE_TEXTS.values())
    batches["an empty batch"] = []
    for name, texts in batches.items():
        yield name, "serving_default", {"text": tf.constant(texts, tf.string)}
        examples = [to_example(text) for text in texts]
        yield name, "classify", {"inputs": tf.constant(examples, tf.string)}


def _query(
    serve: tf.types.experimental.ConcreteFunction,
    signature: str,
    inputs: Mapping[str, tf.Tensor],
    labels: set[bytes],
) -> str:
    """What is wrong with the answer to one request; empty where nothing is."""
    try:
        outputs = {name: value.numpy() for name, value in serve(**inputs).items()}
    except tf.errors.OpError as error:
        return f"{type(error).__name__}: {_first_line(error)}"
    rows = len(next(iter(inputs.values())))
    scores = outputs[SCORES[signature]]
    if scores.shape != (rows, len(labels)):
        return f"scores of shape {scores.shape} for {rows} texts and {len(labels)} classes"
    if not np.allclose(scores.sum(axis=1), 1, atol=1e-3):
        return f"probabilities that add up to {scores.sum(axis=1).tolist()}"
    named = outputs["label" if signature == "serving_default" else "classes"]
    unknown = set(named.ravel().tolist()) - labels
    return f"unknown classes {sorted(unknown)}" if unknown else ""


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


if __name__ == "__main__":
    print(json.dumps({"failures": validate_model(sys.argv[1])}))
