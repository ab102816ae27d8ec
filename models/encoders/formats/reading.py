"""Files of encoders, here or remote, and one line about those that cannot be read."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Collection, Iterator
from typing import Any

import tensorflow as tf

from ....errors import RunError


@contextlib.contextmanager
def reading(path: str) -> Iterator[None]:
    """Inside, whatever is wrong with a file becomes one line that names it.

    Args:
        path: Of the file.

    Raises:
        RunError: If it is not there, or not as its format has it.

    Example:
        >>> with reading("config.json"):
        ...     raise ValueError("it ends too early")
        Traceback (most recent call last):
        reviewlens.errors.RunError: config.json cannot be read: it ends too early
    """
    try:
        yield
    except tf.errors.OpError as error:
        # Such as "/a/b; No such file or directory".
        reason = error.message.rpartition("; ")[2]
        raise RunError(f"{path} cannot be read: {reason}") from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise RunError(f"{path} cannot be read: {reason}") from error


def read_json(path: str) -> dict[str, Any]:
    """Reads a file that holds one JSON object.

    Args:
        path: Local or remote.

    Returns:
        Its content.

    Raises:
        RunError: There is no such file, or something else in it.
    """
    with reading(path):
        with tf.io.gfile.GFile(path, "rb") as file:
            content = json.loads(file.read())
        if not isinstance(content, dict):
            raise ValueError("it holds no JSON object")
        return content


def read_parts(directory: str, index: str, names: Collection[str]) -> list[str]:
    """Reads which files the weights are divided among.

    Args:
        directory: Folder of the encoder.
        index: Name of the file in it whose `weight_map` says where each tensor lies.
        names: Of the files in the folder.

    Returns:
        Names of the files that hold the weights, sorted.

    Raises:
        RunError: The index cannot be read, or one of the files is not there.
    """
    path = os.path.join(directory, index)
    with reading(path):
        parts = sorted(set(map(str, read_json(path)["weight_map"].values())))
    # A part that lies elsewhere is not among the names either.
    if missing := [part for part in parts if part not in names]:
        raise RunError(f"{directory} lacks weights that {index} names: {missing[0]}")
    return parts
