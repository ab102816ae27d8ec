"""Tensor protos and numpy arrays."""

from __future__ import annotations

import numpy as np
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2

_FIELDS = {
    tf.float32: "float_val",
    tf.float64: "double_val",
    tf.int8: "int_val",
    tf.int16: "int_val",
    tf.int32: "int_val",
    tf.uint8: "int_val",
    tf.uint16: "int_val",
    tf.int64: "int64_val",
    tf.uint32: "uint32_val",
    tf.uint64: "uint64_val",
    tf.bool: "bool_val",
    tf.string: "string_val",
    tf.float16: "half_val",
    tf.bfloat16: "half_val",
    tf.complex64: "scomplex_val",
    tf.complex128: "dcomplex_val",
}


def to_typed_proto(value: np.ndarray) -> tensor_pb2.TensorProto:
    """Writes an array into the field of its type, as TensorFlow Serving answers.

    `tf.make_tensor_proto` packs numbers into `tensor_content`, which clients that read
    `float_val` do not look at.

    Args:
        value: Of any shape and any type that a signature can give.

    Returns:
        The same tensor.

    Example:
        >>> to_typed_proto(np.array([1.5, 2.0], np.float32)).float_val
        [1.5, 2.0]
    """
    value = np.asarray(value)
    dtype = tf.as_dtype(value.dtype)
    proto = tensor_pb2.TensorProto(dtype=dtype.as_datatype_enum)
    for size in value.shape:
        proto.tensor_shape.dim.add(size=size)
    flat = value.ravel()
    if dtype in (tf.float16, tf.bfloat16):
        flat = flat.view(np.uint16)
    elif dtype.is_complex:
        flat = flat.view(dtype.real_dtype.as_numpy_dtype)
    getattr(proto, _FIELDS[dtype]).extend(flat.tolist())
    return proto


def to_content_proto(value: np.ndarray) -> tensor_pb2.TensorProto:
    """Writes an array as raw bytes, which is shorter; texts as with `to_typed_proto`."""
    value = np.asarray(value)
    return tf.make_tensor_proto(value, tf.as_dtype(value.dtype))
