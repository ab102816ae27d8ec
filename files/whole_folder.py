"""Writes a folder whole or not at all."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator

from .versions import partial_name


@contextlib.contextmanager
def whole_folder(path: str, *, replace: bool = False) -> Iterator[str]:
    """Makes a folder of another name, which becomes `path` once all is written.

    Args:
        path: Of the folder, on this machine; made with its parents.
        replace: Whether it takes the place of one that is there, which stays until then.

    Yields:
        Path of an empty folder beside it, of the name that `partial_name` gives. What a
        process that was killed has left there is gone.

    Raises:
        OSError: It cannot be written, or there is one that is not empty and stays.

    Example:
        >>> with whole_folder("models/shoes/7") as folder:
        ...     os.listdir("models/shoes")
        ['.7.partial']
        >>> os.listdir("models/shoes")
        ['7']
    """
    parent, name = os.path.split(path.rstrip("/"))
    partial = os.path.join(parent, partial_name(name))
    shutil.rmtree(partial, ignore_errors=True)
    os.makedirs(partial)
    try:
        yield partial
        if replace:
            shutil.rmtree(path, ignore_errors=True)
        os.rename(partial, path)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
