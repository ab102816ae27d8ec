"""Requests to a model that answers questions, and whether an answer to one is right."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import tensorflow as tf

from .answers import INPUTS

# The whole of a context is read, in a time that grows with it and with the size of the encoder.
# This many bytes are a dozen windows.
LONGEST = 10_000

_QUESTION, _CONTEXT = b"What is it like?", b"It is like nothing else."


def make_requests(texts: Sequence[bytes]) -> Iterator[tuple[str, dict[str, tf.Tensor]]]:
    """Yields one request for each name of the signature.

    Args:
        texts: Each is a context and, of another row, a question.
    """
    texts = list(texts)
    questions = [_QUESTION] * len(texts) + texts
    contexts = texts + [_CONTEXT] * len(texts)
    for name in ("serving_default", "answer"):
        columns = zip(INPUTS, (questions, contexts), strict=True)
        yield name, {alias: tf.constant(column, tf.string) for alias, column in columns}


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
        labels: Not needed: nothing is decided between.
    """
    contexts = inputs["context"].numpy()
    for name, values in outputs.items():
        if values.shape != (len(contexts),):
            return f"{name} of shape {values.shape} for {len(contexts)} contexts"
    columns = (outputs[name].tolist() for name in ("answer", "start", "end", "score"))
    for number, (context, *found) in enumerate(zip(contexts, *columns, strict=True)):
        if wrong := _wrong(context, *found):
            return f"{wrong} in context {number}"
    return ""


def _wrong(context: bytes, answer: bytes, start: int, end: int, score: float) -> str:
    """What is wrong with one answer."""
    if not 0 <= score <= 1:
        return f"a score that is no probability, {score},"
    if not answer:
        return "" if start == end == 0 else f"no answer, from {start} to {end},"
    if not 0 <= start < end:
        return f"an answer from {start} to {end}"
    try:
        characters = context.decode()
    except UnicodeDecodeError:
        # How many characters there are is for the model to say.
        return ""
    right = characters[start:end].encode() == answer
    return "" if right else "an answer that is not what stands there"
