"""What to tell a person of an exception that came up through TFX and Beam."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .. import errors
from ..errors import ReviewlensError, RunError
from ..files import is_disk_full

# Beam sends a worker's exception as the text of its traceback.
_IN_TRACEBACK = re.compile(
    r"^(?:\w+\.)*errors\.(?P<kind>ReviewlensError|RunError|UsageError): (?P<message>.*?)"
    r"(?= \[while running |\n\s*\n|\nTraceback |\Z)",
    re.MULTILINE | re.DOTALL,
)
_STEP = re.compile(r" \[while running '[^']*'\](?=\W*$)")
# What ML Metadata and SQLite say while another program uses their file.
_LOCKED = re.compile(r"Concurrent writes aborted after max|database (table )?is locked")
_LONGEST = 300


def explain(exception: BaseException) -> ReviewlensError:
    """Finds the message that was meant for the user in an exception and what it wraps.

    Args:
        exception: As it left TFX.

    Returns:
        The `ReviewlensError` at the bottom of it. For a full disk and a locked database one that
        says so; for any other exception its type and the first line of its message.

    Example:
        >>> explain(RuntimeError("reviewlens.errors.RunError: empty [while running 'Read']"))
        RunError('empty')
    """
    chain = list(_chain(exception))
    for link in chain:
        if isinstance(link, ReviewlensError):
            return type(link)(_STEP.sub("", str(link)))
    for link in chain:
        found = list(_IN_TRACEBACK.finditer(str(link)))
        if found:
            kind = getattr(errors, found[-1]["kind"])
            return kind(found[-1]["message"].strip())
    for link in chain:
        if is_disk_full(link):
            return RunError("the disk is full; free some space and run the same command again")
    if any(_LOCKED.search(str(link)) for link in chain):
        return RunError(
            "metadata.sqlite was locked by another program for too long; close that program and "
            "run the same command again"
        )
    line = essence(str(exception))
    name = type(exception).__name__
    return RunError(f"{name}: {line}" if line else name)


def essence(message: str) -> str:
    """Picks the line of a message that says what happened.

    Args:
        message: Of any length; may be a traceback.

    Returns:
        The last line of a traceback, the first of any other message, at most 300 characters.
    """
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    if not lines:
        return ""
    line = lines[-1] if lines[0].startswith("Traceback") else lines[0]
    return _STEP.sub("", line)[:_LONGEST]


def _chain(exception: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while exception is not None and id(exception) not in seen:
        seen.add(id(exception))
        yield exception
        exception = exception.__cause__ or exception.__context__
