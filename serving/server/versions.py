"""Which versions of a model there are on disk, and which of them shall be served."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import TypeVar
from urllib.parse import urlsplit

import tensorflow as tf

from ...files import version_numbers

_SHARD = re.compile(r"variables\.data-\d{5}-of-(\d{5})")

Found = TypeVar("Found")


@dataclasses.dataclass(frozen=True)
class VersionPolicy:
    """Which of the versions on disk are served.

    Attributes:
        latest: How many of the highest versions; 0 where another rule holds.
        specific: These versions, if not empty.

    With neither, all of them are.

    Example:
        >>> sorted(VersionPolicy(latest=2).choose({1: "m/1", 2: "m/2", 3: "m/3"}))
        [2, 3]
    """

    latest: int = 1
    specific: frozenset[int] = frozenset()

    def choose(self, versions: Mapping[int, Found]) -> dict[int, Found]:
        """Returns those of the versions, with what was found of each, that shall be served."""
        if self.specific:
            return {v: found for v, found in versions.items() if v in self.specific}
        chosen = sorted(versions)[-self.latest :] if self.latest else versions
        return {v: versions[v] for v in chosen}


def list_versions(base_path: str) -> dict[int, str]:
    """The version directories under a base path.

    Args:
        base_path: Directory, or address that `tf.io.gfile` can read.

    Returns:
        Path of each version directory by its number, as `version_numbers` tells them.

    Raises:
        tensorflow.errors.OpError: The base path cannot be read.
    """
    found = version_numbers(tf.io.gfile.listdir(base_path))
    return {number: f"{base_path.rstrip('/')}/{name}" for number, name in found.items()}


@dataclasses.dataclass(frozen=True)
class Snapshot:
    """What lies in a version directory at one moment; equal as long as nothing changes.

    Attributes:
        files: Length and time of change, in nanoseconds, of each file by its path.
        complete: Whether a graph is there and all the shards of its variables.
    """

    files: tuple[tuple[str, int, int], ...]
    complete: bool

    def settled(self, before: Snapshot | None, now: float, seconds: float) -> bool:
        """Whether nobody is still copying files into the directory.

        Args:
            before: What was seen there last time, if anything.
            now: Present time in seconds since 1970.
            seconds: How long ago the last change must have been if nothing was seen before.
        """
        if not self.complete:
            return False
        newest = max(changed for _, _, changed in self.files) * 1e-9
        return self == before or now - newest >= seconds


def take_snapshot(directory: str) -> Snapshot:
    """Looks at all files of a version directory.

    Args:
        directory: The version's directory.

    Returns:
        What is there; a file that vanishes meanwhile makes it incomplete.
    """
    files, names = [], set()
    try:
        for folder, _, inside in tf.io.gfile.walk(directory):
            for name in inside:
                stat = tf.io.gfile.stat(f"{folder.rstrip('/')}/{name}")
                relative = f"{folder}/{name}".removeprefix(directory).strip("/")
                files.append((relative, stat.length, stat.mtime_nsec))
                names.add(relative.replace("//", "/"))
    except tf.errors.OpError:
        return Snapshot(tuple(sorted(files)), complete=False)
    graph = {"saved_model.pb", "saved_model.pbtxt"} & names
    inside = {name.removeprefix("variables/") for name in names if name.startswith("variables/")}
    shards = [match for name in inside if (match := _SHARD.fullmatch(name))]
    expected = int(shards[0][1]) if shards else 0
    variables = not inside or ("variables.index" in inside and len(shards) == expected > 0)
    return Snapshot(tuple(sorted(files)), complete=bool(graph) and variables)


def is_absolute(base_path: str) -> bool:
    """Tells whether a base path means the same from any working directory."""
    return base_path.startswith("/") or bool(urlsplit(base_path).scheme)
