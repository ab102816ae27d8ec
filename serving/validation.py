"""Whether an exported model can be served: loads it and sends it ordinary and hostile requests.

Run as `python -m reviewlens.serving.validation MODEL_DIR [PACKAGE]`, with the package of a task
that is not among those registered here; the last line it prints is JSON with the list
`failures`, empty for a sound model.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from typing import Any

if __name__ == "__main__":
    # Keras imports them where they are installed, and nothing here needs them: for a process of a
    # few seconds they are a third of its time.
    for _unused in ("pandas", "sklearn", "IPython"):
        sys.modules[_unused] = None  # type: ignore[assignment]

# Registers the tokenizer's operations, as stock TensorFlow Serving links them.
import tensorflow_text  # noqa: F401  isort: skip
import tensorflow as tf

from .model_card import task_of
from .tasks.registry import TASKS, register_task
from .warmup import read_warmup_requests

# What reaches a public endpoint sooner or later. Each must get an answer like any other text. The
# long ones have a million characters, or as many as the task's requests say.
HOSTILE_TEXTS = {
    "an empty text": b"",
    "white space": b" \t\r\n",
    "very many characters": b"great " * 166_667,
    "one word of very many characters": b"a" * 1_000_000,
    "emoji": "👍🏽 👩‍👩‍👧‍👦 😡".encode() * 20,
    "a NUL character": b"good\0bad",
    "right-to-left text with marks": "\u202eממש טוב\u0301\u0301\u0301".encode(),
    "bytes that are no UTF-8": b"caf\xe9 \xff\xfe",
}


def validate_model(directory: str) -> list[str]:
    """Queries every signature of a model with its warm-up requests and with hostile ones.

    Args:
        directory: A version directory, as the exporter writes it.

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
        task = TASKS.load(task_of(directory), "requests")
    except (OSError, ValueError, tf.errors.OpError) as error:
        return [f"the model cannot be loaded: {_first_line(error)}"]
    hostile = [
        (f"{name} to {signature}", signature, inputs)
        for name, texts in _hostile_batches(getattr(task, "LONGEST", None)).items()
        for signature, inputs in task.make_requests(texts)
    ]
    missing = dict.fromkeys(name for _, name, _ in hostile if name not in model.signatures)
    if missing:
        return [f"the model lacks the signature {name}" for name in missing]
    if not warmup:
        return ["the model has no warm-up requests"]
    requests = [(f"warm-up request {i} to {name}", name, x) for i, (name, x) in enumerate(warmup)]
    known = labels.encode().splitlines()
    problems = (
        (name, _query(task, model.signatures[signature], signature, inputs, known))
        for name, signature, inputs in [*requests, *hostile]
    )
    return [f"{name}: {problem}" for name, problem in problems if problem]


def _hostile_batches(longest: int | None) -> dict[str, list[bytes]]:
    batches = {name: [text[:longest]] for name, text in HOSTILE_TEXTS.items()}
    every = [text for texts in batches.values() for text in texts]
    return {**batches, "all hostile texts in one batch": every, "an empty batch": []}


def _query(
    task: Any,
    serve: tf.types.experimental.ConcreteFunction,
    signature: str,
    inputs: Mapping[str, tf.Tensor],
    labels: list[bytes],
) -> str:
    """What is wrong with the answer to one request; empty where nothing is."""
    try:
        outputs = {name: value.numpy() for name, value in serve(**inputs).items()}
    except tf.errors.OpError as error:
        return f"{type(error).__name__}: {_first_line(error)}"
    return task.problem(signature, inputs, outputs, labels)


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


if __name__ == "__main__":
    if len(sys.argv) > 2:
        register_task(task_of(sys.argv[1]), sys.argv[2])
    print(json.dumps({"failures": validate_model(sys.argv[1])}))
