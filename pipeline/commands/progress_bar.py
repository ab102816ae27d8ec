"""How far a file of reviews is: a bar on a terminal, now and then a line elsewhere."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator

from ... import progress

_SECONDS_BETWEEN_LINES = 10.0


@contextlib.contextmanager
def progress_bar(total: int | None, unit: str) -> Iterator[None]:
    """Shows on stderr what the enclosed work reports.

    Args:
        total: Units of the whole; None where that is not known before.
        unit: What they are, such as "reviews".
    """
    with _terminal_bar(total, unit) if sys.stderr.isatty() else _lines(total, unit):
        yield


@contextlib.contextmanager
def _terminal_bar(total: int | None, unit: str) -> Iterator[None]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    begun = time.monotonic()
    columns = (
        BarColumn(),
        TextColumn("{task.fields[figures]}"),
        TimeRemainingColumn(compact=True),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=total, figures=_figures(0, total, unit, begun))

        def show(done: int, *_: object) -> None:
            bar.update(task, completed=done, figures=_figures(done, total, unit, begun))

        with progress.reporting_to(show):
            yield


@contextlib.contextmanager
def _lines(total: int | None, unit: str) -> Iterator[None]:
    begun = last = time.monotonic()

    def show(done: int, *_: object) -> None:
        nonlocal last
        if time.monotonic() - last >= _SECONDS_BETWEEN_LINES:
            last = time.monotonic()
            print(_figures(done, total, unit, begun), file=sys.stderr)

    with progress.reporting_to(show):
        yield


def _figures(done: int, total: int | None, unit: str, begun: float) -> str:
    seconds = time.monotonic() - begun
    of_all = "" if total is None else f"/{total:,}"
    speed = f", {done / seconds:,.0f} a second" if done and seconds > 0 else ""
    return f"{done:,}{of_all} {unit}{speed}"
