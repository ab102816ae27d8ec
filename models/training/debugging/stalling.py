"""Looks at the clock while a training may hang."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class StallClock:
    """A thread that calls once for each time that nothing has happened for too long.

    Args:
        seconds: Without a `beat` after which it calls.
        stalled: Is called, in the thread, with what the training is at.
    """

    def __init__(self, seconds: float, stalled: Callable[[str], None]):
        self._seconds, self._stalled = seconds, stalled
        self._beaten, self._at, self._called = time.monotonic(), "begin", False
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="stall-clock", daemon=True)

    def start(self) -> None:
        """Begins to look."""
        self.beat("begin")
        self._thread.start()

    def beat(self, at: str) -> None:
        """Something has happened.

        Args:
            at: What the training is at from now on.
        """
        self._beaten, self._at, self._called = time.monotonic(), at, False

    def stop(self) -> None:
        """Looks no more."""
        self._over.set()

    def _watch(self) -> None:
        while not self._over.wait(min(self._seconds / 4, 10.0)):
            if not self._called and time.monotonic() - self._beaten > self._seconds:
                self._called = True
                self._stalled(self._at)
