"""Notices artifacts that were damaged since they were made.

TFX's cache only looks whether an artifact's folder exists. A truncated file in it
would crash the next node, so every output is written down as it was when its node
finished, and compared before the next run.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
from collections.abc import Iterator

from ml_metadata.proto import metadata_store_pb2 as mlmd

from .run_records import NodeRecord, RunRecords, properties_of

_MANIFESTS = ".manifests"
_BLOCK = 1 << 20


class Manifests:
    """The state in which the artifacts of a pipeline were published.

    Args:
        root: Folder of the pipeline's artifacts.
    """

    def __init__(self, root: str):
        self._root = os.path.abspath(root)
        self._folder = os.path.join(self._root, _MANIFESTS)

    def record(self, node: NodeRecord) -> None:
        """Writes down the outputs of a node that has just finished.

        Args:
            node: Its execution in the current run.
        """
        os.makedirs(self._folder, exist_ok=True)
        for artifacts in node.outputs.values():
            for artifact in artifacts:
                listed = {place: _listing(place) for place in _places(artifact)}
                path = self._path(artifact)
                with open(f"{path}.unfinished", "w", encoding="utf-8") as file:
                    json.dump(listed, file)
                os.replace(f"{path}.unfinished", path)

    def find_damage(self, artifact: mlmd.Artifact) -> str:
        """Says what is wrong with an artifact that this pipeline made.

        Args:
            artifact: As recorded in ML Metadata.

        Returns:
            Such as `model/saved_model.pb is 0 bytes long, not 81920`; "" if all is well.
        """
        if not os.path.abspath(artifact.uri).startswith(self._root + os.sep):
            return ""
        try:
            with open(self._path(artifact), encoding="utf-8") as file:
                listed = json.load(file)
        except (FileNotFoundError, ValueError):
            return "its record of files is missing"
        return next((found for place in listed for found in _damage(place, listed[place])), "")

    def _path(self, artifact: mlmd.Artifact) -> str:
        return os.path.join(self._folder, f"{artifact.id}.json")


def condemn_damaged(records: RunRecords, root: str) -> Iterator[str]:
    """Takes damaged artifacts out of the cache.

    Args:
        records: Of the pipeline.
        root: Folder of its artifacts.

    Yields:
        For each damaged artifact a line that says which one and what is wrong.
    """
    manifests = Manifests(root)
    for artifact in records.live_artifacts():
        damage = manifests.find_damage(artifact)
        if damage:
            records.condemn([artifact])
            name = os.path.relpath(artifact.uri, root)
            yield f"{name} was damaged and will be made again if it is needed: {damage}"


def set_aside_unreadable(database: str, root: str) -> str:
    """Makes room for a new start if the record of all runs is unreadable or gone.

    Without it the artifacts cannot be told apart, and their numbers would be given anew.

    Args:
        database: Path of the SQLite file of ML Metadata.
        root: Folder of the artifacts.

    Returns:
        A line that says what was moved where; "" if there was no need.
    """
    exists = os.path.exists(database)
    if exists and _is_readable(database):
        return ""
    orphans = [path for path in (database, root) if os.path.exists(path)]
    if not orphans:
        return ""
    aside = os.path.join(os.path.dirname(os.path.abspath(database)), "set-aside")
    shutil.rmtree(aside, ignore_errors=True)
    os.makedirs(aside)
    for path in orphans:
        shutil.move(path, aside)
    reason = "is damaged" if exists else "is missing"
    return f"{database} {reason}: everything is made anew; what was there is now in {aside}"


def remove_leftovers(records: RunRecords, root: str) -> None:
    """Clears up behind a run whose process died.

    Args:
        records: Of the pipeline.
        root: Folder of its artifacts.
    """
    for node, execution in records.close_unfinished():
        system = os.path.join(root, node, ".system")
        for parent in (os.path.join(root, node), system):
            for key in os.listdir(parent) if os.path.isdir(parent) else ():
                shutil.rmtree(os.path.join(parent, key, str(execution)), ignore_errors=True)
        # Its folders are named by chance, and no node is at work in any of them now.
        shutil.rmtree(os.path.join(system, "stateful_working_dir"), ignore_errors=True)


def _is_readable(database: str) -> bool:
    try:
        connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
        try:
            return connection.execute("PRAGMA quick_check").fetchone() == ("ok",)
        finally:
            connection.close()
    except sqlite3.DatabaseError:
        return False


def _places(artifact: mlmd.Artifact) -> list[str]:
    """Where an artifact's files are: its own folder and, of a pushed model, the target."""
    pushed = str(properties_of(artifact).get("pushed_destination", ""))
    return [place for place in (artifact.uri, pushed) if place and os.path.exists(place)]


def _listing(place: str) -> dict[str, list]:
    """File below `place` -> its size, its time of change and the hash of its content."""
    return {
        name: [size, changed, _digest(os.path.join(place, name))]
        for name, (size, changed) in _files(place).items()
    }


def _files(place: str) -> dict[str, tuple[int, int]]:
    found = {}
    for folder, _, names in os.walk(place):
        for name in names:
            path = os.path.join(folder, name)
            status = os.stat(path)
            found[os.path.relpath(path, place)] = (status.st_size, status.st_mtime_ns)
    return found


def _damage(place: str, listed: dict[str, list]) -> Iterator[str]:
    if not os.path.isdir(place):
        yield f"{place} is missing"
        return
    files = _files(place)
    for name, (size, changed, digest) in listed.items():
        if name not in files:
            yield f"{name} is missing"
        elif files[name][0] != size:
            yield f"{name} is {files[name][0]:,} bytes long, not {size:,}"
        elif files[name][1] != changed and _digest(os.path.join(place, name)) != digest:
            yield f"{name} has another content"


def _digest(path: str) -> str:
    digest = hashlib.blake2b(digest_size=16)
    with open(path, "rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
