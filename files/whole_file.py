"""Writes a file whole or not at all."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import TextIO

from ..errors import RunError


@contextlib.contextmanager
def whole_file(path: str) -> Iterator[TextIO]:
    """Opens a file of another name, which takes the place of `path` once all is written.

    Args:
        path: Of the file; one that is there stays as it is until then.

    Yields:
        A text stream in UTF-8, in which line ends stay what they are.

    Raises:
        RunError: If it cannot be written.

    Example:
        >>> with whole_file("summary.json") as file:
        ...     file.write("{}")
        2
    """
    unfinished = f"{path}.unfinished"
    try:
        with open(unfinished, "w", encoding="utf-8", newline="") as file:
            yield file
        os.replace(unfinished, path)
    except OSError as error:
        raise RunError(f"{path}: cannot be written: {error.strerror or error}") from error
    finally:
        with contextlib.suppress(OSError):
            os.remove(unfinished)
