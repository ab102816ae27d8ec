"""The number formats that a classifier computes in and is kept in."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from pathlib import Path

import keras
import tensorflow as tf

_POLICIES = {"float32": "float32", "bfloat16": "mixed_bfloat16"}


def resolve_precision(requested: str) -> str:
    """Turns `auto` into the fastest format that this machine computes in hardware.

    Args:
        requested: `float32`, `bfloat16` or `auto`.

    Returns:
        `bfloat16` if asked for, or under `auto` if the processor or the GPU multiplies
        bfloat16 matrices; else `float32`.
    """
    if requested != "auto":
        return requested
    return "bfloat16" if _gpu_has_bfloat16() or _cpu_has_bfloat16() else "float32"


@contextlib.contextmanager
def precision_policy(precision: str) -> Iterator[None]:
    """Layers made inside compute in `precision`; their weights are float32 in any case.

    Args:
        precision: `float32` or `bfloat16` (mixed).

    Example:
        >>> with precision_policy("bfloat16"):
        ...     keras.layers.Dense(2).compute_dtype
        'bfloat16'
    """
    previous = keras.config.dtype_policy()
    keras.config.set_dtype_policy(_POLICIES[precision])
    try:
        yield
    finally:
        keras.config.set_dtype_policy(previous)


def with_precision(classifier: keras.Model, precision: str) -> keras.Model:
    """Copies a classifier into the format that it shall be served in.

    Args:
        classifier: A `ReviewClassifier`, of whatever policy.
        precision: `float32`, or `bfloat16`: the encoder's weights, products, sums and norms
            are in bfloat16 then, while the head stays in float32. The encoder's `precisions`
            say which it offers.

    Returns:
        A classifier of its own with the same weights, rounded to `precision`.

    Example:
        >>> with_precision(classifier, "bfloat16").encoder.variable_dtype
        'bfloat16'
    """
    config = classifier.get_config()
    config["encoder"]["config"]["dtype"] = precision
    copy = type(classifier).from_config(config)
    for mine, theirs in zip(copy.weights, classifier.weights, strict=True):
        mine.assign(theirs)
    return copy


def _cpu_has_bfloat16() -> bool:
    info = Path("/proc/cpuinfo")
    flags = info.read_text() if info.exists() else ""
    return re.search(r"\b(amx_bf16|avx512_bf16)\b", flags) is not None


def _gpu_has_bfloat16() -> bool:
    details = map(tf.config.experimental.get_device_details, tf.config.list_physical_devices("GPU"))
    # Ampere, 8.0, is the first generation with bfloat16 tensor cores.
    return any(detail.get("compute_capability", (0, 0)) >= (8, 0) for detail in details)
