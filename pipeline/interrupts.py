"""Ctrl-C and SIGTERM end a run within seconds, also inside a long C++ computation."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Iterator

# How long Python code may take to wind up, a checkpoint included, before the process ends
# without it.
GRACE_SECONDS = 8.0

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_SHOW_CURSOR = b"\x1b[?25h"
# Where nobody has tidied up, the cursor stands in the last line of a table.
_BELOW = b"\r\n"


class Interrupted(KeyboardInterrupt):
    """The user or the system wants the process to end.

    Attributes:
        exit_code: 128 and the number of the signal: 130 for Ctrl-C.
    """

    def __init__(self, number: int):
        super().__init__(signal.Signals(number).name)
        self.exit_code = 128 + number


@contextlib.contextmanager
def ending_promptly(farewell: str) -> Iterator[None]:
    """Ends the whole process with code 130 (143 for SIGTERM) soon after a signal.

    The signal first becomes an exception, so that the code inside can tidy up. Python
    cannot raise it while the main thread computes in C++; a second thread, woken by
    the signal itself, then ends the process after a few seconds, or at once if the
    signal comes again. Main thread only; a signal that was ignored stays ignored.

    Args:
        farewell: Printed to stderr as the last line.
    """
    stderr = os.dup(2)
    wake_reader, wake_writer = os.pipe()
    os.set_blocking(wake_writer, False)
    finished = threading.Event()

    def end(code: int, start: bytes) -> None:
        message = f"{farewell}\n".encode()
        with contextlib.suppress(OSError):
            os.write(stderr, _SHOW_CURSOR + start + message if os.isatty(stderr) else message)
        os._exit(code)

    def watch() -> None:
        deadline = None
        while number := os.read(wake_reader, 1):
            if number[0] not in _SIGNALS:
                continue
            if deadline:
                end(128 + number[0], _BELOW)
            deadline = threading.Thread(target=end_later, args=(128 + number[0],), daemon=True)
            deadline.start()

    def end_later(code: int) -> None:
        if not finished.wait(GRACE_SECONDS):
            end(code, _BELOW)

    def raise_interrupted(number: int, frame: object) -> None:
        raise Interrupted(number)

    previous = {number: signal.getsignal(number) for number in _SIGNALS}
    for number, handler in previous.items():
        if handler != signal.SIG_IGN:
            signal.signal(number, raise_interrupted)
    previous_writer = signal.set_wakeup_fd(wake_writer, warn_on_full_buffer=False)
    watcher = threading.Thread(target=watch, name="interrupt-watcher", daemon=True)
    watcher.start()
    try:
        yield
    except Interrupted as interrupted:
        # Not by returning: threads of Beam and TensorFlow would be waited for.
        end(interrupted.exit_code, b"\r")
    finally:
        finished.set()
        signal.set_wakeup_fd(previous_writer)
        for number, handler in previous.items():
            signal.signal(number, handler)
        os.close(wake_writer)
        watcher.join()
        os.close(wake_reader)
        os.close(stderr)
