"""Notices artifacts that were damaged since they were made.

TFX's cache only looks whether an artifact's folder exists. A truncated file in it would crash
the next node, and a flipped bit would go on into what is served. So every output is written down
as it was when its node finished. Before a run sizes and times of all artifacts are compared,
which costs nothing; whatever the run then takes over from an earlier one is read and compared
by its content.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Sequence

from ml_metadata.proto import metadata_store_pb2 as mlmd

from ...files import file_digest, whole_file
from ..records import NodeRecord, RunRecords, properties_of

_MANIFESTS = ".manifests"


class DamageFound(Exception):
    """What a run was about to take over is not what it was.

    Args:
        damage: Artifacts, as recorded in ML Metadata, each with what is wrong with it.
    """

    def __init__(self, damage: Sequence[tuple[mlmd.Artifact, str]]):
        super().__init__("; ".join(found for _, found in damage))
        self.damage = list(damage)


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
        for artifact in node.artifacts:
            self._record(artifact)

    def compare(self, node: NodeRecord) -> None:
        """Reads the outputs of a node that were made earlier and compares them with the record.

        Args:
            node: Its execution in the current run, or in the one that a partial run builds on.

        Raises:
            DamageFound: If any has changed since it was made.
        """
        damage = []
        for artifact in node.artifacts:
            # A resolver may bring in what no node of this pipeline has made.
            if not os.path.exists(self._path(artifact)):
                self._record(artifact)
            elif found := self.find_damage(artifact, by_content=True):
                damage.append((artifact, found))
        if damage:
            raise DamageFound(damage)

    def find_damage(self, artifact: mlmd.Artifact, *, by_content: bool = False) -> str:
        """Says what is wrong with an artifact that this pipeline made.

        Args:
            artifact: As recorded in ML Metadata.
            by_content: Read every file; otherwise only those whose time has changed.

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
        damage = (found for place in listed for found in _damage(place, listed[place], by_content))
        return next(damage, "")

    def _record(self, artifact: mlmd.Artifact) -> None:
        os.makedirs(self._folder, exist_ok=True)
        listed = {place: _listing(place) for place in _places(artifact)}
        with whole_file(self._path(artifact)) as file:
            json.dump(listed, file)

    def _path(self, artifact: mlmd.Artifact) -> str:
        return os.path.join(self._folder, f"{artifact.id}.sha256.json")


def invalidate_damaged(records: RunRecords, root: str) -> Iterator[str]:
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
            yield from invalidate(records, root, [(artifact, damage)])


def invalidate(
    records: RunRecords, root: str, damage: Sequence[tuple[mlmd.Artifact, str]]
) -> Iterator[str]:
    """Takes artifacts out of the cache.

    Args:
        records: Of the pipeline.
        root: Folder of its artifacts.
        damage: The artifacts, each with what is wrong with it.

    Yields:
        For each a line that says so.
    """
    for artifact, found in damage:
        records.invalidate([artifact])
        name = os.path.relpath(artifact.uri, root)
        yield f"{name} was damaged and will be made again if it is needed: {found}"


def remove_leftovers(records: RunRecords, root: str) -> None:
    """Clears up behind a run whose process died.

    Args:
        records: Of the pipeline.
        root: Folder of its artifacts.
    """
    manifests = os.path.join(root, _MANIFESTS)
    for name in os.listdir(manifests) if os.path.isdir(manifests) else ():
        if name.endswith(".unfinished"):
            os.remove(os.path.join(manifests, name))
    for node, execution in records.close_unfinished():
        system = os.path.join(root, node, ".system")
        for parent in (os.path.join(root, node), system):
            for key in os.listdir(parent) if os.path.isdir(parent) else ():
                shutil.rmtree(os.path.join(parent, key, str(execution)), ignore_errors=True)
        # Its folders are named by chance, and no node is at work in any of them now.
        shutil.rmtree(os.path.join(system, "stateful_working_dir"), ignore_errors=True)


def _places(artifact: mlmd.Artifact) -> list[str]:
    """Where an artifact's files are: its own folder and, of a pushed model, the target."""
    pushed = str(properties_of(artifact).get("pushed_destination", ""))
    return [place for place in (artifact.uri, pushed) if place and os.path.exists(place)]


def _listing(place: str) -> dict[str, list]:
    """File below `place` -> its size, its time of change and the hash of its content."""
    return {
        name: [size, changed, file_digest(os.path.join(place, name))]
        for name, (size, changed) in _files(place).items()
    }


def _files(place: str) -> dict[str, tuple[int, int]]:
    found = {}
    for folder, _, names in os.walk(place):
        for name in names:
            path = os.path.join(folder, name)
            # A link whose target is gone counts as missing.
            if os.path.exists(path):
                status = os.stat(path)
                found[os.path.relpath(path, place)] = (status.st_size, status.st_mtime_ns)
    return found


def _damage(place: str, listed: dict[str, list], by_content: bool) -> Iterator[str]:
    if not os.path.isdir(place):
        yield f"{place} is missing"
        return
    files = _files(place)
    for name, (size, changed, digest) in listed.items():
        if name not in files:
            yield f"{name} is missing"
        elif files[name][0] != size:
            yield f"{name} is {files[name][0]:,} bytes long, not {size:,}"
        elif (by_content or files[name][1] != changed) and (
            file_digest(os.path.join(place, name)) != digest
        ):
            yield f"{name} has another content"
