"""Which names are versions of a model: one rule for whoever writes, serves or reads them."""

from __future__ import annotations

import re
from collections.abc import Iterable

_DIGITS = re.compile(r"[0-9]+")
_PARTIAL = re.compile(r"\.([0-9]+)\.partial")
# TensorFlow Serving counts versions in an int64.
_LARGEST = 2**63 - 1
# As many digits as that has; more than a few thousand are none that Python would read.
_MOST_DIGITS = 19


def version_number(name: str) -> int | None:
    """The number of a version directory, as TensorFlow Serving reads it.

    Args:
        name: Of a directory, without the path; a slash at its end does not count.

    Returns:
        The number, in [0, 2**63), or None where the name is no version: anything but the digits
        0 to 9 in it, such as `²`, `٣`, `+1` or `1.partial`, or a number that is too large.

    Example:
        >>> [version_number(name) for name in ("1700000000", "007", "²", ".3.partial")]
        [1700000000, 7, None, None]
    """
    name = name.rstrip("/")
    if not _DIGITS.fullmatch(name) or len(name.lstrip("0")) > _MOST_DIGITS:
        return None
    number = int(name.lstrip("0") or "0")
    return number if number <= _LARGEST else None


def version_numbers(names: Iterable[str]) -> dict[int, str]:
    """The versions among the names of a folder.

    Args:
        names: As a listing gives them, in any order.

    Returns:
        Name by number, the lowest number first; of names that are the same number, such as `1`
        and `001`, the one that sorts first.

    Example:
        >>> version_numbers(["10", "9", "notes.txt", "009"])
        {9: '009', 10: '10'}
    """
    found: dict[int, str] = {}
    for name in sorted(name.rstrip("/") for name in names):
        number = version_number(name)
        if number is not None:
            found.setdefault(number, name)
    return dict(sorted(found.items()))


def partial_name(version: str) -> str:
    """The name that a version has until all its files are there; a server does not see it.

    Args:
        version: Name of the version's directory.

    Example:
        >>> partial_name("1700000000")
        '.1700000000.partial'
    """
    return f".{version}.partial"


def partial_version(name: str) -> str | None:
    """The version that a directory was to become.

    Args:
        name: Of a directory, without the path; a slash at its end does not count.

    Returns:
        Name of the version's directory; None where `name` is none that `partial_name` gives.

    Example:
        >>> [partial_version(name) for name in (".7.partial", "7", ".notes.partial")]
        ['7', None, None]
    """
    found = _PARTIAL.fullmatch(name.rstrip("/"))
    return found[1] if found else None
