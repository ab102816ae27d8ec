"""One process at a time at work in a folder, on a file system that has locks."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
from collections.abc import Iterator

# What network file systems say that lock no folders.
_NO_LOCKS = (errno.EBADF, errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL)


@contextlib.contextmanager
def folder_lock(folder: str) -> Iterator[bool]:
    """Waits until no other process holds the lock of a folder, then holds it.

    The system releases it however the process ends, and nothing is written for it.

    Args:
        folder: Is there already; an address such as `s3://…` is none of this machine.

    Yields:
        Whether the lock is held; False where there are no locks.

    Example:
        >>> with folder_lock("runs/shoes/serving/shoes") as alone:
        ...     print(alone)
        True
    """
    with contextlib.ExitStack() as stack:
        yield "://" not in folder and _hold(folder, stack)


def _hold(folder: str, stack: contextlib.ExitStack) -> bool:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    stack.callback(os.close, descriptor)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
        return False
    return True
