"""Requests, and whether an answer to one is right."""

from __future__ import annotations

import tensorflow as tf


def make_requests(texts):
    yield "serving_default", {"text": tf.constant(texts, tf.string)}


def problem(signature, inputs, outputs, labels):
    tags, shares = outputs["tags"], outputs["share"]
    if not len(inputs["text"]) == len(tags) == len(shares):
        return f"{len(tags)} answers to {len(inputs['text'])} texts"
    # Even of an empty text there are a token of its start and one of its end.
    return "" if all(len(tag) >= 2 for tag in tags) else "a text without tags"
