"""The descriptors of TensorFlow Serving's services, for those who ask the server what it offers."""

from __future__ import annotations

import contextlib
import functools
import importlib

from google.protobuf import descriptor_pool


@functools.cache
def service_names() -> tuple[str, ...]:
    """Full names of the services; their descriptors are in protobuf's pool afterwards.

    Returns:
        The names, that of predictions first.

    Example:
        >>> service_names()
        ('tensorflow.serving.PredictionService', 'tensorflow.serving.ModelService')
    """
    for module in ("prediction_service_pb2", "model_service_pb2"):
        # Written by hand for protobuf in pure Python: they add their descriptor to the pool and
        # then set attributes, which the compiled protobuf refuses.
        with contextlib.suppress(AttributeError):
            importlib.import_module(f"tensorflow_serving.apis.{module}")
    pool = descriptor_pool.Default()
    return tuple(
        pool.FindServiceByName(f"tensorflow.serving.{name}").full_name
        for name in ("PredictionService", "ModelService")
    )
