"""Writes files so that nothing that a person made or changed is lost."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Mapping

from ...errors import RunError

_SIGNATURE = "# Written by `reviewlens export-serving`; sha256 of what follows: {digest}\n"


def write_signed(directory: str, files: Mapping[str, str]) -> None:
    """Writes text files, each with a first line that tells later whether it was changed.

    All of them are looked at before the first one is written; each appears whole.

    Args:
        directory: Where to write; made when needed.
        files: Path under it -> content in a format in which `#` begins a comment.

    Raises:
        RunError: If a file is there that has no such line or was changed since.
    """
    signed = {os.path.join(directory, path): _sign(text) for path, text in files.items()}
    foreign = [path for path, text in signed.items() if not _may_write(path, text)]
    if foreign:
        raise RunError(
            f"{', '.join(foreign)}: not written by this command, or changed since; "
            "move it away, or choose another --output"
        )
    for path, text in signed.items():
        _write_whole(path, text)


def _sign(text: str) -> str:
    return _SIGNATURE.format(digest=hashlib.sha256(text.encode()).hexdigest()) + text


def _may_write(path: str, text: str) -> bool:
    try:
        with open(path, encoding="utf-8", newline="") as file:
            found = file.read()
    except FileNotFoundError:
        return True
    except (OSError, UnicodeDecodeError):
        return False
    return found == text or found == _sign(re.sub(r"\A.*\n", "", found))


def _write_whole(path: str, text: str) -> None:
    folder = os.path.dirname(path)
    os.makedirs(folder, exist_ok=True)
    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", newline="", dir=folder, prefix=".", delete=False
    ) as file:
        try:
            file.write(text)
            file.flush()
            # A temporary file is for its owner alone; containers run as others.
            os.chmod(file.name, 0o644)
            os.replace(file.name, path)
        except BaseException:
            os.unlink(file.name)
            raise
