"""Where an interrupted training goes on from."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from ...errors import RunError
from ...progress import notify

# The first line of a checkpoint. Then come the state and, for each array, a line that describes
# it and its bytes; the last bytes are the digest of all that is before them.
_FIRST_LINE = b"reviewlens checkpoint 1\n"
_BLOCK = 1 << 20
_PREFIX = "training-"
_SUFFIX = ".checkpoint"
# An earlier version wrote .npz.
_STRANGER = re.compile(r"training-.+\.(checkpoint|npz)(\.part)?")


class CheckpointFile:
    """One file with the whole state of a training, replaced as a whole or not at all.

    It ends with the SHA-256 of all that comes before, and is used only if that is right: any
    bit that has changed, and any byte that is missing, sets the file aside. Files of other
    trainings in the same directory are removed by the first save, as nothing will ever go on
    from them; what was set aside stays.

    Args:
        directory: Local or remote (`gs://…`); made when needed.
        fingerprint: Stands for everything the training depends on; a checkpoint of another
            fingerprint is not loaded.

    Attributes:
        path: Of the file.

    Example:
        >>> file = CheckpointFile("checkpoints", fingerprint="a1b2")
        >>> file.save({"weights": np.ones(3)}, {"epoch": 1})
        >>> arrays, state = file.load()
    """

    def __init__(self, directory: str, fingerprint: str):
        self._directory = directory
        self.path = os.path.join(directory, f"{_PREFIX}{fingerprint}{_SUFFIX}")

    def save(self, arrays: Mapping[str, Any], state: dict) -> None:
        """Replaces the checkpoint.

        Args:
            arrays: Arrays by name, or variables, whose values are copied one at a time.
            state: Anything JSON can hold.

        Raises:
            RunError: If it cannot be written; the one that was there is still there.
        """
        unfinished = self.path + ".part"
        try:
            if not tf.io.gfile.exists(self.path):
                self._start_directory()
            try:
                _write(unfinished, arrays, state)
                tf.io.gfile.rename(unfinished, self.path, overwrite=True)
            except BaseException:
                if tf.io.gfile.exists(unfinished):
                    tf.io.gfile.remove(unfinished)
                raise
        except (tf.errors.OpError, OSError) as error:
            raise RunError(f"{self.path}: cannot be written: {_reason(error)}") from error

    def load(self) -> tuple[dict[str, np.ndarray], dict] | None:
        """Reads what was saved last; a file that is damaged is set aside.

        Returns:
            `(arrays, state)`; None if there is nothing that is as it was saved.

        Raises:
            RunError: If a file is there but cannot be read, or not be set aside.
        """
        try:
            if not tf.io.gfile.exists(self.path):
                return None
            if _is_whole(self.path):
                return _read(self.path)
        except (tf.errors.OpError, OSError) as error:
            raise RunError(
                f"{self.path}: cannot be read: {_reason(error)}; make it readable, or remove it "
                "to train from the beginning"
            ) from error
        self.set_aside("is damaged")
        return None

    def set_aside(self, problem: str) -> None:
        """Gives the file a name under which no training looks for it, and tells so.

        Args:
            problem: What is wrong with it, such as `is damaged`.

        Raises:
            RunError: If it cannot be renamed.
        """
        name = os.path.basename(self.path)
        try:
            names = (f"set-aside-{number}-{name}" for number in itertools.count(1))
            paths = (os.path.join(self._directory, name) for name in names)
            aside = next(path for path in paths if not tf.io.gfile.exists(path))
            tf.io.gfile.rename(self.path, aside)
        except (tf.errors.OpError, OSError) as error:
            raise RunError(
                f"{self.path}: {problem} and cannot be renamed: {_reason(error)}"
            ) from error
        notify(f"{self.path} {problem}: training starts anew; the file is now {aside}")

    def _start_directory(self) -> None:
        tf.io.gfile.makedirs(self._directory)
        # Not by a pattern of the whole path: the directory may have a `[` in its name.
        for name in tf.io.gfile.listdir(self._directory):
            if _STRANGER.fullmatch(name):
                tf.io.gfile.remove(os.path.join(self._directory, name))


def remove_checkpoint(path: str) -> None:
    """Removes a checkpoint, once what came of its training is safe.

    Args:
        path: As `TrainingRecord.checkpoint` has it. A file that is no checkpoint stays.

    Raises:
        RunError: If it cannot be removed.

    Example:
        >>> task = TextClassification(("bad", "fair", "good"))
        >>> record = train(classifier, training, evaluation, settings, task=task,
        ...                checkpoints="checkpoints")
        >>> classifier.save_weights("my.weights.h5")
        >>> remove_checkpoint(record.checkpoint)
    """
    try:
        if not tf.io.gfile.exists(path):
            return
        with tf.io.gfile.GFile(path, "rb") as file:
            is_checkpoint = file.read(len(_FIRST_LINE)) == _FIRST_LINE
        if is_checkpoint:
            tf.io.gfile.remove(path)
    except (tf.errors.OpError, OSError) as error:
        raise RunError(f"{path}: cannot be removed: {_reason(error)}") from error


def _write(path: str, arrays: Mapping[str, Any], state: dict) -> None:
    digest = hashlib.sha256()
    with tf.io.gfile.GFile(path, "wb") as file:
        for block in _content(arrays, state):
            digest.update(block)
            file.write(block)
        file.write(digest.digest())


def _content(arrays: Mapping[str, Any], state: dict) -> Iterator[bytes]:
    yield _FIRST_LINE
    yield _line({"state": state, "arrays": len(arrays)})
    for name, value in arrays.items():
        array = np.ascontiguousarray(value)
        # NumPy makes a list of a single number.
        shape = list(np.shape(value))
        yield _line({"name": name, "dtype": array.dtype.name, "shape": shape})
        flat = array.reshape(-1).view(np.uint8)
        for start in range(0, flat.size, _BLOCK):
            yield flat[start : start + _BLOCK].tobytes()


def _line(content: dict) -> bytes:
    return json.dumps(content).encode() + b"\n"


def _is_whole(path: str) -> bool:
    """Whether every bit is as it was written."""
    digest = hashlib.sha256()
    left = tf.io.gfile.stat(path).length - digest.digest_size
    with tf.io.gfile.GFile(path, "rb") as file:
        first = file.read(len(_FIRST_LINE))
        if left < len(_FIRST_LINE) or first != _FIRST_LINE:
            return False
        digest.update(first)
        left -= len(first)
        while left > 0 and (block := file.read(min(left, _BLOCK))):
            digest.update(block)
            left -= len(block)
        return file.read(digest.digest_size) == digest.digest()


def _read(path: str) -> tuple[dict[str, np.ndarray], dict]:
    with tf.io.gfile.GFile(path, "rb") as file:
        file.readline()
        head = json.loads(file.readline())
        arrays = {}
        for _ in range(head["arrays"]):
            described = json.loads(file.readline())
            # By TensorFlow, which knows bfloat16, too.
            dtype = np.dtype(tf.as_dtype(described["dtype"]).as_numpy_dtype)
            array = np.empty(described["shape"], dtype)
            flat = array.reshape(-1).view(np.uint8)
            for start in range(0, flat.size, _BLOCK):
                block = file.read(min(_BLOCK, flat.size - start))
                flat[start : start + len(block)] = np.frombuffer(block, np.uint8)
            arrays[described["name"]] = array
        return arrays, head["state"]


def _reason(error: Exception) -> str:
    if isinstance(error, tf.errors.OpError):
        # Such as "/a/b; No space left on device".
        return error.message.rpartition("; ")[2]
    return getattr(error, "strerror", None) or str(error)
