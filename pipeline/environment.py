"""What the environment must say before Keras and TensorFlow are imported."""

from __future__ import annotations

import ctypes
import os

# Of glibc's malloc.h.
_M_ARENA_MAX = -8


def prepare_environment() -> None:
    """Chooses Keras' backend and TensorFlow's kernels, and silences its start-up notes.

    TensorFlow takes oneDNN's kernels by itself only where a processor multiplies bytes or bfloat16
    in hardware (VNNI, AMX). With AVX2 alone they are faster as well. Where
    `TF_ENABLE_ONEDNN_OPTS` is set, that counts.
    """
    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")


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
