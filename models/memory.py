"""Memory that is no longer used goes back to the machine."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import mmap
import sys
from collections.abc import Iterator

import numpy as np
import tensorflow as tf
from tensorflow.python.framework import ops

_BLOCK = 1 << 20


def give_back_memory() -> None:
    """Gives back what this process has freed but still holds.

    Three keep it. Python, what refers to itself, as traced functions do. The C library, its
    free pages. And TensorFlow's allocator of processors with oneDNN, which takes memory in
    regions, each twice as large as the one before, and returns none: after a training that is
    most of what the training took. There is no call to ask for it, so what it has free is taken
    as tensors without content, and the kernel told that nobody needs their pages.

    Where another allocator or C library is used, or another kernel than Linux, that part of it
    is left out.

    Example:
        >>> numbers = tf.zeros([50_000_000])
        >>> del numbers
        >>> give_back_memory()
    """
    gc.collect()
    library = ctypes.CDLL(None)
    if sys.platform == "linux":
        _give_back_tensors(library)
    if hasattr(library, "malloc_trim"):
        library.malloc_trim(0)


@contextlib.contextmanager
def forgetting_gradients() -> Iterator[None]:
    """Has TensorFlow forget the custom gradients of the graphs that are made within.

    It registers each under a name of its own and keeps it for ever. A gradient refers to tensors
    of its graph, and the graph to all variables that it has to do with, so that a training would
    leave the classifier and its moments behind. Within, and with a `tf.GradientTape` of their
    own, such graphs work as ever; from outside they cannot be differentiated afterwards.

    Example:
        >>> with forgetting_gradients():
        ...     half = tf.function(tf.custom_gradient(lambda x: (x / 2, lambda up: up / 2)))
        ...     float(half(tf.constant(3.0)))
        1.5
    """
    registry = ops.gradient_registry._registry
    before = set(registry)
    try:
        yield
    finally:
        for name in set(registry) - before:
            if name.startswith("CustomGradient-"):
                del registry[name]


def _give_back_tensors(library: ctypes.CDLL) -> None:
    device = "CPU:0"
    try:
        used = tf.config.experimental.get_memory_info(device)
    except (ValueError, tf.errors.OpError):
        # Of this allocator nothing is known.
        return
    # As much as this it has free for sure. Asked for more, it would take another region.
    free = used["peak"] - used["current"]
    taken = []
    for _ in range(free // _BLOCK):
        with tf.device(device):
            taken.append(tf.raw_ops.Empty(shape=[_BLOCK], dtype=tf.uint8, init=False))
        start = np.frombuffer(memoryview(taken[-1]), np.uint8).ctypes.data
        end = start + _BLOCK
        start, end = -(-start // mmap.PAGESIZE), end // mmap.PAGESIZE
        library.madvise(
            ctypes.c_void_p(start * mmap.PAGESIZE),
            ctypes.c_size_t((end - start) * mmap.PAGESIZE),
            mmap.MADV_DONTNEED,
        )
    tf.config.experimental.reset_memory_stats(device)
