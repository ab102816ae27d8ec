"""What a file or a folder holds, as a short text that changes with every bit of it."""

from __future__ import annotations

import hashlib
import os
from typing import BinaryIO

_BLOCK = 1 << 20


def file_digest(path: str) -> str:
    """Hashes the content of a file on this machine.

    Args:
        path: Of the file.

    Returns:
        SHA-256 in 64 hexadecimal digits.

    Raises:
        OSError: If it cannot be read.

    Example:
        >>> len(file_digest(__file__))
        64
    """
    with open(path, "rb") as file:
        return stream_digest(file)


def stream_digest(stream: BinaryIO) -> str:
    """Hashes what is left of a stream, which may come from anywhere.

    Args:
        stream: Open for reading bytes.

    Returns:
        SHA-256 in 64 hexadecimal digits.

    Example:
        >>> stream_digest(io.BytesIO(b""))[:8]
        'e3b0c442'
    """
    digest = hashlib.sha256()
    while block := stream.read(_BLOCK):
        digest.update(block)
    return digest.hexdigest()


def tree_digests(folder: str) -> dict[str, str]:
    """Hashes every file below a folder of this machine.

    Args:
        folder: Where to look.

    Returns:
        SHA-256 by path relative to the folder, in the order of the paths.

    Raises:
        OSError: If a file cannot be read.
    """
    paths = [os.path.join(parent, name) for parent, _, names in os.walk(folder) for name in names]
    return {os.path.relpath(path, folder): file_digest(path) for path in sorted(paths)}
