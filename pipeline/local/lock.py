"""One run at a time for one output folder."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator

from ...errors import RunError


@contextlib.contextmanager
def locked(folder: str) -> Iterator[None]:
    """Holds the lock of a folder, which the system releases however the process ends.

    Args:
        folder: Is made if it is missing.

    Raises:
        RunError: If another run holds the lock, or the folder cannot be made or written to.
    """
    path = os.path.join(folder, ".lock")
    try:
        os.makedirs(folder, exist_ok=True)
        # Without a buffer, which a full disk would keep from being closed.
        handle = open(path, "a+b", buffering=0)  # noqa: SIM115
    except OSError as error:
        raise RunError(f"{folder}: cannot be used as output: {error.strerror}") from None
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            handle.seek(0)
            holder = handle.read().decode("ascii", "replace").strip() or "of another machine"
            raise RunError(
                f"{folder}: another run (process {holder}) is using it; "
                "wait for it or choose another `output`"
            ) from None
        try:
            handle.truncate(0)
            handle.write(f"{os.getpid()}\n".encode())
        except OSError as error:
            raise RunError(f"{folder}: cannot be used as output: {error.strerror}") from None
        yield
