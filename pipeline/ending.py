"""A process that ends when its work is done, without taking apart what it has imported."""

from __future__ import annotations

import atexit
import os
import sys
from collections.abc import Callable
from typing import NoReturn


def run_and_end(main: Callable[[], int]) -> NoReturn:
    """Runs a program and ends the process with its exit code.

    Python takes apart every module of TensorFlow, TFX and Beam before it ends, which takes two
    seconds for nothing. So the process ends before that: after its threads, after all that was
    registered to be done at the exit, and once all output is written. To be called before
    anything is imported that registers something; what is registered first is called last.

    Args:
        main: The program; gives its exit code, or raises SystemExit.

    Raises:
        SystemExit: Always.
    """
    codes: list[int] = []
    atexit.register(_leave, codes)
    try:
        codes.append(main())
    except SystemExit as end:
        # With anything else Python prints it.
        if end.code is None or isinstance(end.code, int):
            codes.append(end.code or 0)
        raise
    sys.exit(codes[0])


def _leave(codes: list[int]) -> None:
    if not codes:
        # An exception that nobody has caught: it was told, and how Python ends then counts.
        return
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except (OSError, ValueError):
        # Python has words and an exit code of its own for it.
        return
    os._exit(codes[0])
