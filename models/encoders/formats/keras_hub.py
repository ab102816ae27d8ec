"""What a preset of keras-hub says of its encoder: `config.json` and weights in HDF5."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

import h5py
import numpy as np
import tensorflow as tf

from ....errors import RunError
from .reading import read_json, read_parts, reading

_CONFIG = "config.json"
_WEIGHTS = "model.weights.h5"
_SHARDS = "model.weights.json"
# Kaggle's older presets have the assets of the tokenizer beside those of nothing else.
_ASSETS = ("assets/tokenizer", "assets")
# Where Keras kept the layers of a functional model at first.
_EARLIER, _LAYERS = "_layer_checkpoint_dependencies/", "layers/"


class KerasHubFiles:
    """A folder as `save_to_preset` of keras-hub writes it, and as Kaggle keeps its presets.

    Args:
        directory: The folder, local or remote.

    Attributes:
        directory: As given.
        config: The arguments of the backbone, such as `num_layers`.
        architecture: Name of the backbone's class, such as `BertBackbone`.
        shapes: Shape of every tensor, by its path in the file.
        tokenizer_files: Path of each asset of the tokenizer, by its name.

    Raises:
        RunError: The folder has no configuration or no weights that can be read.

    Example:
        >>> KerasHubFiles(directory).shapes["layers/reversible_embedding/vars/0"]
        [30522, 128]
    """

    kind = "keras_hub"

    def __init__(self, directory: str):
        self.directory = directory
        config = read_json(os.path.join(directory, _CONFIG))
        self.config = dict(config.get("config") or {})
        self.architecture = str(config.get("class_name", ""))
        self.tokenizer_files = _assets(directory)
        self.shapes: dict[str, list[int]] = {}
        self._places: dict[str, tuple[str, str]] = {}
        for path in _weight_files(directory):
            for place, shape in _datasets(path):
                name = place.replace(_EARLIER, _LAYERS, 1)
                self.shapes[name], self._places[name] = shape, (path, place)

    def read(self, name: str) -> np.ndarray:
        """Reads one tensor.

        Args:
            name: One of `shapes`.

        Returns:
            Its value in float32.

        Raises:
            RunError: The file cannot be read any more.
        """
        path, place = self._places[name]
        with _opened(path) as file:
            return np.asarray(file[place], np.float32)


def _assets(directory: str) -> dict[str, str]:
    for folder in (os.path.join(directory, part) for part in _ASSETS):
        if tf.io.gfile.isdir(folder):
            return {name: os.path.join(folder, name) for name in tf.io.gfile.listdir(folder)}
    return {}


def _weight_files(directory: str) -> list[str]:
    names = set(tf.io.gfile.listdir(directory))
    if _WEIGHTS in names:
        return [os.path.join(directory, _WEIGHTS)]
    if _SHARDS not in names:
        raise RunError(f"{directory} holds no weights: there is no {_WEIGHTS}")
    return [os.path.join(directory, part) for part in read_parts(directory, _SHARDS, names)]


def _datasets(path: str) -> list[tuple[str, list[int]]]:
    found = []

    def note(place: str, node: h5py.Group | h5py.Dataset) -> None:
        if isinstance(node, h5py.Dataset) and node.dtype.kind == "f":
            found.append((place, list(node.shape)))

    with _opened(path) as file:
        file.visititems(note)
    return found


@contextlib.contextmanager
def _opened(path: str) -> Iterator[h5py.File]:
    with reading(path), tf.io.gfile.GFile(path, "rb") as raw, h5py.File(raw, "r") as file:
        yield file
