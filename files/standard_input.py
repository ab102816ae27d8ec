"""Rows that come through a pipe, kept as a file while the process runs: they are read twice."""

from __future__ import annotations

import functools
import os
import shutil
import sys
import tempfile

from ..errors import RunError
from .formats import FORMATS
from .full_disk import is_disk_full

# Stands for the standard input in place of a file.
STANDARD_INPUT = "-"

_BLOCK = 1 << 20
_HEAD = 1 << 10


@functools.lru_cache(maxsize=1)
def _folder() -> tempfile.TemporaryDirectory[str]:
    # It is removed when the process ends.
    return tempfile.TemporaryDirectory(prefix="reviewlens-")


@functools.lru_cache(maxsize=1)
def spool_standard_input() -> str:
    """Copies the standard input to the disk, once.

    Returns:
        Path of the copy.

    Raises:
        RunError: There is nothing in it, or it cannot be kept.
    """
    path = os.path.join(_folder().name, "stdin")
    try:
        with open(path, "wb") as copy:
            shutil.copyfileobj(sys.stdin.buffer, copy, _BLOCK)
            size = copy.tell()
    except OSError as error:
        hint = "; TMPDIR says where there is room" if is_disk_full(error) else ""
        raise RunError(f"the standard input cannot be kept in {path}: {error}{hint}") from None
    if not size:
        raise RunError("the standard input is empty")
    return path


def format_by_content(path: str) -> str:
    """Names the format of a file that has no ending, by how it begins.

    Args:
        path: Of a file that is not packed.

    Returns:
        Name of the first format of which files begin so, else `csv`.

    Example:
        >>> with open("piped", "w") as file:
        ...     print('{"text": "Great value."}', file=file)
        >>> format_by_content("piped")
        'jsonl'
    """
    with open(path, "rb") as file:
        start = file.read(_HEAD).removeprefix(b"\xef\xbb\xbf").lstrip()
    return next((name for name, each in FORMATS.items() if start.startswith(each.begins)), "csv")
