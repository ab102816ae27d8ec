"""Sends what libraries print to a log file, whatever way they print it."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import TextIO


@contextlib.contextmanager
def captured_output(log: str) -> Iterator[TextIO]:
    """Redirects the file descriptors of stdout and stderr, which C++ and children use too.

    Args:
        log: File that receives everything; what it held before is dropped.

    Yields:
        A text stream to where stdout led before.

    Example:
        >>> with captured_output("run.log") as terminal:
        ...     print("to the log")
        ...     print("to the user", file=terminal)
    """
    _flush()
    saved = os.dup(1), os.dup(2)
    try:
        # Line buffered, so that a table and a crash leave whole lines.
        with open(os.dup(saved[0]), "w", encoding="utf-8", buffering=1, errors="replace") as shown:
            target = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o644)
            os.dup2(target, 1)
            os.dup2(target, 2)
            os.close(target)
            with (
                contextlib.redirect_stdout(_on_descriptor(1, sys.stdout)),
                contextlib.redirect_stderr(_on_descriptor(2, sys.stderr)),
            ):
                yield shown
    finally:
        _flush()
        for number, original in enumerate(saved, start=1):
            os.dup2(original, number)
            os.close(original)


def _on_descriptor(number: int, stream: TextIO) -> TextIO:
    """A stream that leads to a descriptor, where a notebook's `sys.stdout` leads elsewhere."""
    with contextlib.suppress(OSError):
        if stream.fileno() == number:
            return stream
    # Never closed: a logger that was set up meanwhile may keep it.
    return open(number, "w", encoding="utf-8", buffering=1, errors="replace", closefd=False)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        # A full disk must not keep the descriptors from being restored.
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
