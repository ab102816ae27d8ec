"""Version folders: what was made becomes the newest of them, whole or not at all."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

from absl import logging
from tfx.dsl.io import fileio
from tfx.types import artifact
from tfx.utils import io_utils

from ..errors import RunError
from ..files import folder_lock, partial_name, partial_version, version_numbers
from .model_card import CARD_FILE
from .model_files import MODEL_DIGEST, model_digest

# On an object store, where no lock tells who is at work.
_FORSAKEN_SECONDS = 24 * 3600


def check_judged(folder: str, digest: str, blessing: artifact.Artifact, judge: str) -> None:
    """Makes sure that what is pushed still is what a blessing was given to.

    Args:
        folder: Of what is pushed.
        digest: What `model_digest` gives of it now.
        blessing: The judge's, with the digest of what it judged; an old one may have none.
        judge: Who that is, for the message.

    Raises:
        RunError: If it is not.
    """
    if blessing.get_string_custom_property(MODEL_DIGEST) not in ("", digest):
        raise RunError(
            f"{folder}: its files have changed since the {judge} judged them, so it is not "
            "pushed; run the same command again, which makes a damaged model anew"
        )


def push_version(
    source: str,
    digest: str,
    directory: str,
    *,
    card: str,
    is_same: Callable[[str], bool],
    is_whole: Callable[[str], bool],
) -> str:
    """Has a folder be the newest version among others: by a copy that appears by one rename.

    What pushers that were killed have left half copied is removed first.

    Args:
        source: The folder.
        digest: What `model_digest` gives of it.
        directory: Under which the versions lie; made when needed.
        card: What its model card says; a version that is there already keeps its own.
        is_same: Whether a version is of the same content as the folder. The newest one is not
            pushed again: a pusher that was killed right after the rename has not recorded it.
        is_whole: Whether a version has all that it should have; where a rename is many copies,
            one may have broken off.

    Returns:
        Name of the version: seconds since 1970, or one more than the newest version where the
        clock is behind it.

    Raises:
        RunError: If the copy is not the same as the folder.
        OSError: It cannot be written, such as where the disk is full.
    """
    fileio.makedirs(directory)
    with folder_lock(directory) as alone:
        _clear_leftovers(directory, alone, is_whole)
        newest = next(reversed(pushed_versions(directory).values()), None)
        if newest and is_same(os.path.join(directory, newest)):
            return newest
        return _place(source, digest, directory, card)


def pushed_versions(directory: str) -> dict[int, str]:
    """The versions in a folder, name by number, the lowest first; empty where there are none.

    Args:
        directory: Under which they lie.
    """
    return version_numbers(_names(directory))


def _place(source: str, digest: str, directory: str, card: str) -> str:
    version = _next_version(directory)
    partial = os.path.join(directory, partial_name(version))
    try:
        io_utils.copy_dir(source, partial)
        if model_digest(partial) != digest:
            raise RunError(f"{partial}: the copy of {source} is not the same; nothing was pushed")
        with fileio.open(os.path.join(partial, CARD_FILE), "wb") as file:
            file.write(card.encode())
        fileio.rename(partial, os.path.join(directory, version))
    except BaseException:
        if fileio.exists(partial):
            fileio.rmtree(partial)
        raise
    return version


def _clear_leftovers(directory: str, alone: bool, is_whole: Callable[[str], bool]) -> None:
    for name in _names(directory):
        version, partial = partial_version(name), os.path.join(directory, name)
        if version is None or not (alone or _is_forsaken(partial)):
            continue
        place = os.path.join(directory, version)
        try:
            if fileio.exists(place) and not is_whole(place):
                fileio.rmtree(place)
            fileio.rmtree(partial)
        except Exception as error:
            logging.warning("%s: cannot be removed: %s", partial, error)


def _is_forsaken(folder: str) -> bool:
    """Whether nobody has written to a folder for so long that its pusher must be dead."""
    paths = (
        os.path.join(parent, name) for parent, _, names in fileio.walk(folder) for name in names
    )
    changed = max((fileio.stat(path).mtime_nsec for path in paths), default=0)
    return time.time() - changed / 1e9 > _FORSAKEN_SECONDS


def _names(directory: str) -> list[str]:
    """What lies there; nothing in a folder of an object store that has no object yet."""
    return fileio.listdir(directory) if fileio.exists(directory) else []


def _next_version(directory: str) -> str:
    versions = pushed_versions(directory)
    return str(max([int(time.time()), *(version + 1 for version in versions)]))
