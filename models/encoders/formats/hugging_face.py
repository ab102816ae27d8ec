"""What a folder of Hugging Face says of its encoder: `config.json` and safetensors."""

from __future__ import annotations

import dataclasses
import functools
import json
import math
import os
from collections.abc import Iterator, Mapping
from typing import Any

import ml_dtypes
import numpy as np
import tensorflow as tf

from ....errors import RunError
from .reading import read_json, read_parts, reading

CONFIG_FILE = "config.json"
_WEIGHTS = "model.safetensors"
_INDEX = "model.safetensors.index.json"
WEIGHT_FILES = {_WEIGHTS, _INDEX}
_PICKLED = ("pytorch_model.bin", "pytorch_model.bin.index.json")
_TOKENIZER = ("tokenizer.json", "tokenizer_config.json", "vocab.txt", "vocab.json", "merges.txt")
_DTYPES: dict[str, np.dtype] = {
    "F64": np.dtype(np.float64),
    "F32": np.dtype(np.float32),
    "F16": np.dtype(np.float16),
    "BF16": np.dtype(ml_dtypes.bfloat16),
}
# The format's own limit.
_LONGEST_HEADER = 100_000_000


class HuggingFaceFiles:
    """A folder with `config.json`, weights in safetensors and the files of a tokenizer.

    The weights may lie in several files with an index, and be float32, float16 or bfloat16. The
    format is read here (huggingface.co/docs/safetensors), because its Python package gives
    NumPy no bfloat16 and reads no files that lie elsewhere (`gs://…`).

    Args:
        directory: The folder, local or remote.

    Attributes:
        directory: As given.
        config: What `config.json` holds.
        architecture: Its `model_type`, such as `bert`; empty if there is none.
        tokenizer_files: Path of each file of the tokenizer that is there, by its name.

    Raises:
        RunError: The folder has no configuration or no weights that can be read.
        RunError: Its weights are pickled, which could run any program.

    Example:
        >>> HuggingFaceFiles("all-MiniLM-L6-v2").shapes["embeddings.word_embeddings.weight"]
        [30522, 384]
    """

    kind = "hugging_face"

    def __init__(self, directory: str):
        self.directory = directory
        self.config = read_json(os.path.join(directory, CONFIG_FILE))
        self.architecture = str(self.config.get("model_type", ""))
        names = set(tf.io.gfile.listdir(directory))
        self.tokenizer_files = {
            name: os.path.join(directory, name) for name in _TOKENIZER if name in names
        }
        self._tensors = {
            tensor.name: tensor
            for name in _weight_files(directory, names)
            for tensor in _tensors(os.path.join(directory, name))
        }

    @functools.cached_property
    def shapes(self) -> dict[str, list[int]]:
        """Shape of every floating-point tensor, by name."""
        return {name: tensor.shape for name, tensor in self._tensors.items()}

    def read(self, name: str) -> np.ndarray:
        """Reads one tensor.

        Args:
            name: One of `shapes`.

        Returns:
            Its value in float32.

        Raises:
            RunError: The file cannot be read any more.
        """
        tensor = self._tensors[name]
        with reading(tensor.path):
            with tf.io.gfile.GFile(tensor.path, "rb") as file:
                file.seek(tensor.start)
                content = file.read(tensor.size)
            values = np.frombuffer(content, tensor.dtype).reshape(tensor.shape)
            return values.astype(np.float32, copy=False)


def write_hugging_face(
    directory: str, config: Mapping[str, Any], tensors: Mapping[str, np.ndarray]
) -> None:
    """Writes a configuration and weights as Hugging Face has them.

    Args:
        directory: On this machine, there already.
        config: What `config.json` shall hold; `model_type` is among it.
        tensors: Arrays by name; written in their order of names, so that equal ones give equal
            bytes.

    Raises:
        OSError: If they cannot be written.
    """
    from safetensors.numpy import save

    content = save(dict(sorted(tensors.items())), {"format": "pt"})
    # Not by the package itself, whose errors say no number by which a full disk is known.
    with open(os.path.join(directory, _WEIGHTS), "wb") as file:
        file.write(content)
    with open(os.path.join(directory, CONFIG_FILE), "w", encoding="utf-8") as file:
        json.dump(config, file, indent=2)


@dataclasses.dataclass(frozen=True)
class _Tensor:
    """Where a tensor lies."""

    name: str
    path: str
    dtype: np.dtype
    shape: list[int]
    start: int
    size: int


def _weight_files(directory: str, names: set[str]) -> list[str]:
    """Names of the files that hold the weights."""
    if _WEIGHTS in names:
        return [_WEIGHTS]
    if _INDEX in names:
        return read_parts(directory, _INDEX, names)
    for name in _PICKLED:
        if name in names:
            raise RunError(
                f"the weights in {directory} are pickled ({name}), which may run any program and "
                f"is never loaded; ask for a revision that has {_WEIGHTS}, or convert them"
            )
    raise RunError(f"{directory} holds no weights: there is no {_WEIGHTS}")


def _tensors(path: str) -> Iterator[_Tensor]:
    """The floating-point tensors of a file, as its header has them."""
    with reading(path):
        length = tf.io.gfile.stat(path).length
        with tf.io.gfile.GFile(path, "rb") as file:
            size = int.from_bytes(file.read(8), "little")
            if size > min(length - 8, _LONGEST_HEADER):
                raise ValueError("it is no safetensors file, or not a whole one")
            header = json.loads(file.read(size))
        for name, entry in header.items():
            # The others are positions and the like, which are not learnt.
            if name == "__metadata__" or entry["dtype"] not in _DTYPES:
                continue
            dtype, shape = _DTYPES[entry["dtype"]], [int(side) for side in entry["shape"]]
            start, end = (8 + size + int(offset) for offset in entry["data_offsets"])
            if not 8 + size <= start <= end <= length:
                raise ValueError(f"it is not whole: {name} is not in it")
            if end - start != dtype.itemsize * math.prod(shape):
                raise ValueError(f"{name} has {end - start:,} bytes, which is not its shape")
            yield _Tensor(name, path, dtype, shape, start, end - start)
