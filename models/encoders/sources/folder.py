"""Encoders that lie in a folder here, or in the newest version in it."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from pathlib import Path

from ....errors import RunError
from ....files import version_numbers
from .base import Source
from .contents import encoder_files, is_encoder_root


class Folder(Source):
    """A folder with an encoder in one of the formats that are read, or with versions of one.

    Of versions, as a pre-training leaves them under `encoder/NAME`, the newest is taken.
    """

    is_path = True

    @classmethod
    def matches(cls, text: str) -> bool:
        """See `Source`."""
        return "/" in text or Path(text).expanduser().is_dir()

    def fetch(self, work: Path) -> Path:
        """See `Source`."""
        path = Path(self.text).expanduser()
        if not path.is_dir():
            raise RunError(missing(self.text))
        return _newest(path)

    def fingerprint(self) -> str:
        """Of the files' names, sizes and times, and of which version is the newest."""
        path = _newest(Path(self.text).expanduser())
        files = encoder_files(path)
        return stat_fingerprint({f"{path.name}/{name}": files[name] for name in files}, timed=True)


def _newest(path: Path) -> Path:
    """The newest version of an encoder in a folder; the folder itself where there is none."""
    if not path.is_dir():
        return path
    names = os.listdir(path)
    versions = version_numbers(name for name in names if (path / name).is_dir())
    return path if is_encoder_root(names) or not versions else path / [*versions.values()][-1]


def missing(text: str) -> str:
    """The message for a path that leads nowhere."""
    is_repository = re.fullmatch(r"\w[\w.-]*/\w[\w.-]*", text)
    hint = f"; a model of Hugging Face is written hf://{text}" if is_repository else ""
    return f"there is no encoder at {text}: no such file or folder{hint}"


def stat_fingerprint(files: Mapping[str, Path], *, timed: bool) -> str:
    """Hashes what a listing shows of files, which is found without reading them.

    Args:
        files: Path by name.
        timed: Whether the time of a file's last change counts.

    Returns:
        64 hexadecimal digits.
    """
    stats = {name: path.stat() for name, path in files.items()}
    seen = [(name, s.st_size, s.st_mtime_ns if timed else 0) for name, s in stats.items()]
    return hashlib.sha256(repr(seen).encode()).hexdigest()
