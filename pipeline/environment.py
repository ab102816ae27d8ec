"""What the environment must say before Keras and TensorFlow are imported."""

from __future__ import annotations

import ctypes
import os

# Of glibc's malloc.h.
_M_ARENA_MAX = -8


def prepare_environment() -> None:
    """Chooses the TensorFlow backend of Keras and silences TensorFlow's start-up notes."""
    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")


def limit_arenas() -> None:
    """Has glibc share one arena among as many threads as there are for each processor.

    It would make eight for each processor. TensorFlow's threads take turns in copying graphs
    whose weights are constants, and each arena would keep what one of them has freed. Processes
    that are started later do the same. Where `MALLOC_ARENA_MAX` is set, that counts.
    """
    cores = os.cpu_count() or 1
    library = ctypes.CDLL(None)
    if "MALLOC_ARENA_MAX" not in os.environ and hasattr(library, "mallopt"):
        library.mallopt(_M_ARENA_MAX, cores)
        os.environ["MALLOC_ARENA_MAX"] = str(cores)
