"""Writes files so that nothing that a person made or changed is lost."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping

from ...errors import RunError
from ...files import folder_lock, whole_file

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
    os.makedirs(directory, exist_ok=True)
    with folder_lock(directory):
        foreign = [path for path, text in signed.items() if not _may_write(path, text)]
        if foreign:
            raise RunError(
                f"{', '.join(foreign)}: not written by this command, or changed since; "
                "move it away, or choose another --output"
            )
        for path, text in signed.items():
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with whole_file(path) as file:
                file.write(text)
                # Whatever the umask says: containers run as others.
                os.fchmod(file.fileno(), 0o644)


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
