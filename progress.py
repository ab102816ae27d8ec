"""How long work tells how far it is, without knowing who shows it.

A training loop or a Beam node calls `report`; whoever wants to show it (the table
of `reviewlens run`, a notebook) wraps the work in `reporting_to`. Where nobody
listens, a report costs one comparison. What a person should know even after the work
is over goes to `notify`.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator

Reporter = Callable[[int, "int | None", str], None]

Listener = Callable[[str], None]

_reporter: Reporter | None = None
_listener: Listener | None = None


def report(done: int, total: int | None = None, note: str = "") -> None:
    """Tells the current reporter, if there is one, how far the work is.

    Args:
        done: Units finished so far (steps, rows, bytes).
        total: Units in all, or None where that is not known.
        note: What a reader wants beside the bar, such as "loss 0.41, 120 reviews/s".
    """
    if _reporter is not None:
        _reporter(done, total, note)


@contextlib.contextmanager
def reporting_to(reporter: Reporter) -> Iterator[None]:
    """Sends the reports of the enclosed work to `reporter`.

    Args:
        reporter: Called with `(done, total, note)`; may be called from other threads.

    Example:
        >>> seen = []
        >>> with reporting_to(lambda *report: seen.append(report)):
        ...     report(1, 2, "half")
        >>> seen
        [(1, 2, 'half')]
    """
    global _reporter
    previous, _reporter = _reporter, reporter
    try:
        yield
    finally:
        _reporter = previous


def notify(line: str) -> None:
    """Tells a person something that stays on the screen, and the log.

    Args:
        line: One sentence that needs no context.
    """
    logging.getLogger(__name__).warning(line)
    if _listener is not None:
        _listener(line)


@contextlib.contextmanager
def notifying_to(listener: Listener) -> Iterator[None]:
    """Sends what the enclosed work tells to `listener`.

    Args:
        listener: Called with one line; may be called from other threads.

    Example:
        >>> seen = []
        >>> with notifying_to(seen.append):
        ...     notify("the checkpoint is damaged")
        >>> seen
        ['the checkpoint is damaged']
    """
    global _listener
    previous, _listener = _listener, listener
    try:
        yield
    finally:
        _listener = previous
