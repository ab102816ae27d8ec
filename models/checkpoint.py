"""Where an interrupted training goes on from."""

from __future__ import annotations

import json
import os
import tempfile
import zipfile

import numpy as np
import tensorflow as tf
from absl import logging


class CheckpointFile:
    """One file with the whole state of a training, replaced as a whole or not at all.

    It is an uncompressed `.npz`, whose reader verifies the checksum of every array. Files of
    other trainings in the same directory are removed by the first save, as nothing will
    ever go on from them.

    Args:
        directory: Local or remote (`gs://…`); made when needed.
        fingerprint: Stands for everything the training depends on; a checkpoint of another
            fingerprint is not loaded.

    Example:
        >>> file = CheckpointFile("checkpoints", fingerprint="a1b2")
        >>> file.save({"weights": np.ones(3)}, {"epoch": 1})
        >>> arrays, state = file.load()
    """

    def __init__(self, directory: str, fingerprint: str):
        self._directory = directory
        self._path = os.path.join(directory, f"training-{fingerprint}.npz")

    def save(self, arrays: dict[str, np.ndarray], state: dict) -> None:
        """Replaces the checkpoint.

        Args:
            arrays: Any arrays by name.
            state: Anything JSON can hold.
        """
        if not tf.io.gfile.exists(self._path):
            self._start_directory()
        with tempfile.TemporaryDirectory() as scratch:
            # NumPy seeks while writing, which remote file systems cannot.
            local = os.path.join(scratch, "checkpoint.npz")
            np.savez(local, __state__=np.array(json.dumps(state)), **arrays)
            tf.io.gfile.copy(local, self._path + ".part", overwrite=True)
        tf.io.gfile.rename(self._path + ".part", self._path, overwrite=True)

    def load(self) -> tuple[dict[str, np.ndarray], dict] | None:
        """What was saved last: `(arrays, state)`; None if nothing readable is there."""
        if not tf.io.gfile.exists(self._path):
            return None
        try:
            with tf.io.gfile.GFile(self._path, "rb") as file:
                arrays = dict(np.load(file))
            return arrays, json.loads(str(arrays.pop("__state__")))
        except (zipfile.BadZipFile, ValueError, KeyError, EOFError, OSError) as error:
            logging.warning(
                "The checkpoint %s cannot be read (%s): training starts anew", self._path, error
            )
            return None

    def remove(self) -> None:
        """Removes the checkpoint, if there is one."""
        if tf.io.gfile.exists(self._path):
            tf.io.gfile.remove(self._path)

    def _start_directory(self) -> None:
        tf.io.gfile.makedirs(self._directory)
        for stranger in tf.io.gfile.glob(os.path.join(self._directory, "training-*.npz*")):
            tf.io.gfile.remove(stranger)
