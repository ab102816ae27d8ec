"""A model as a run pushed it: numbered versions under one directory."""

from __future__ import annotations

import dataclasses
import os

from ...errors import RunError
from ...files import version_number, version_numbers


@dataclasses.dataclass(frozen=True)
class PushedModel:
    """One version of a model on this machine.

    Attributes:
        base: Absolute path of the directory that holds the versions.
        version: Name of the version's directory under it, a number.
    """

    base: str
    version: str

    @property
    def directory(self) -> str:
        """Absolute path of the version's directory."""
        return os.path.join(self.base, self.version)

    def size(self) -> int:
        """Returns how many bytes the files of the version have together."""
        return sum(
            os.path.getsize(os.path.join(folder, name))
            for folder, _, names in os.walk(self.directory)
            for name in names
        )


def find_pushed_model(directory: str) -> PushedModel:
    """Finds the version that TensorFlow Serving would serve.

    Args:
        directory: A version directory, or the one above it, of which the highest version
            is taken.

    Returns:
        The model.

    Raises:
        RunError: If it is not on this machine, holds no version, or is a version whose name
            is no number: TensorFlow Serving would not see it.

    Example:
        >>> find_pushed_model("runs/amazon-snippets/serving/amazon-snippets").version
        '1790000000'
    """
    if "://" in directory:
        raise RunError(f"{directory}: is not on this machine; copy the model here first")
    path = os.path.abspath(directory)
    if not os.path.isdir(path):
        raise RunError(
            f"{directory}: no such directory; a run pushes its model to OUTPUT/serving/NAME"
        )
    if _is_saved_model(path):
        base, version = os.path.split(path)
        if version_number(version) is None:
            raise RunError(
                f"{directory}: holds a SavedModel, but TensorFlow Serving only sees directories "
                f"whose name is a number; move it to {os.path.join(directory, '1')}"
            )
        return PushedModel(base, version)
    named = version_numbers(os.listdir(path)).values()
    versions = [name for name in named if _is_saved_model(os.path.join(path, name))]
    if not versions:
        raise RunError(
            f"{directory} holds no model: neither saved_model.pb nor a version directory such as 1/"
        )
    return PushedModel(path, versions[-1])


def _is_saved_model(path: str) -> bool:
    return os.path.isfile(os.path.join(path, "saved_model.pb"))
