"""Tells a full disk from everything else that can go wrong."""

from __future__ import annotations

import errno
import re

_NUMBERS = (errno.ENOSPC, errno.EDQUOT)
_WORDS = re.compile(
    r"no space left on device|database or disk is full|disk quota exceeded|ENOSPC", re.IGNORECASE
)


def is_disk_full(error: BaseException) -> bool:
    """Whether an exception says that there was no space to write.

    Args:
        error: Of Python, TensorFlow, SQLite or whoever else writes; what it wraps is not seen.

    Returns:
        True by its error number, or by its words where it has none.

    Example:
        >>> is_disk_full(OSError(28, "No space left on device"))
        True
    """
    return getattr(error, "errno", None) in _NUMBERS or bool(_WORDS.search(str(error)))
