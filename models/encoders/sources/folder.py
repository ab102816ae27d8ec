"""Encoders that lie in a folder here."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path

from ....errors import RunError
from .base import Source
from .contents import encoder_files


class Folder(Source):
    """A folder with an encoder in one of the formats that are read."""

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
        return path

    def fingerprint(self) -> str:
        """Of the files' names, sizes and times."""
        return stat_fingerprint(encoder_files(Path(self.text).expanduser()), timed=True)


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
