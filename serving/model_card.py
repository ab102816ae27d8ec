"""`assets.extra/model.json`: what a served model says of itself."""

from __future__ import annotations

import json
import os
from typing import Any

from .tasks.predictions import FIRST_TASK

MODEL_CARD = "assets.extra/model.json"


def write_model_card(directory: str, card: dict[str, Any]) -> None:
    """Writes the card of a model.

    Args:
        directory: Its version directory.
        card: Anything JSON can hold; `task` is the name of the model's task.
    """
    import tensorflow as tf

    path = os.path.join(directory, MODEL_CARD)
    tf.io.gfile.makedirs(os.path.dirname(path))
    with tf.io.gfile.GFile(path, "w") as file:
        file.write(json.dumps(card, indent=2, ensure_ascii=False))


def read_model_card(directory: str) -> dict[str, Any]:
    """Reads the card of a model.

    Args:
        directory: Its version directory.

    Returns:
        What it says; empty where the model is older than the card.

    Raises:
        ValueError: The card is no JSON object.
    """
    path = os.path.join(directory, MODEL_CARD)
    text = _text_at_address(path) if "://" in path else _text_of(path)
    card = {} if text is None else json.loads(text)
    if not isinstance(card, dict):
        raise ValueError(f"{path} holds no JSON object")
    return card


def _text_of(path: str) -> str | None:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except FileNotFoundError:
        return None


def _text_at_address(path: str) -> str | None:
    # Only here: a command that looks at a card before it loads a model would wait for it.
    import tensorflow as tf

    if not tf.io.gfile.exists(path):
        return None
    with tf.io.gfile.GFile(path) as file:
        return file.read()


def task_of(directory: str) -> str:
    """The name of the task that a model was trained for.

    Args:
        directory: Version directory of a model that reviewlens exported.

    Returns:
        The name; that of text classification where the model is older than this key.

    Raises:
        ValueError: The card is no JSON object.
    """
    return read_model_card(directory).get("task", FIRST_TASK)
