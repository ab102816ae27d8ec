"""Tensor protos and numpy arrays."""

from __future__ import annotations

import math

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
# Quantized numbers are fed to a session, and come from it, as plain ones.
_QUANTIZED = {
    tf.qint8: tf.int8,
    tf.quint8: tf.uint8,
    tf.qint16: tf.int16,
    tf.quint16: tf.uint16,
    tf.qint32: tf.int32,
}
_PLAIN = {dtype.as_datatype_enum: dtype for dtype in _FIELDS} | {
    dtype.as_datatype_enum: plain for dtype, plain in _QUANTIZED.items()
}
# What TensorFlow takes for a text beside its bytes.
_TEXT_BYTES = 24
_MOST_ELEMENTS = 2**63 - 1
# numpy's limit.
_MOST_DIMENSIONS = 32
# Elements that become Python's numbers at once, which take eight times the room.
_PIECE = 2**16


def check_proto(proto: tensor_pb2.TensorProto) -> int:
    """Looks whether a tensor can be read, without reading it.

    A few bytes may stand for a tensor of any size, because the last element that was sent
    fills up the shape.

    Args:
        proto: As a client sent it.

    Returns:
        The bytes of the tensor if it has to be filled up, or 0 if all elements were sent.

    Raises:
        ValueError: Its type or its shape is none, or its content is not that long.

    Example:
        >>> proto = tensor_pb2.TensorProto(dtype=types_pb2.DT_FLOAT, float_val=[0.5])
        >>> proto.tensor_shape.dim.add().size = 1000
        >>> check_proto(proto)
        4000
    """
    dtype, count = _dtype(proto), _count(proto)
    if not count:
        return 0
    if proto.tensor_content:
        size = 0 if dtype == tf.string else count * dtype.size
        if len(proto.tensor_content) != size:
            raise ValueError(f"{len(proto.tensor_content)} bytes of content, expected {size}")
        if dtype == tf.bool and proto.tensor_content.translate(None, b"\0\1"):
            raise ValueError("content that is neither true nor false")
        return 0
    values = getattr(proto, _FIELDS[dtype])
    if len(values) >= count * (1 + dtype.is_complex):
        return 0
    if dtype == tf.string:
        return count * (_TEXT_BYTES + (len(values[-1]) if values else 0))
    return count * dtype.size


def from_proto(proto: tensor_pb2.TensorProto) -> np.ndarray:
    """Reads a tensor as TensorFlow does.

    Elements that are missing are like the last one, or zero if there is none. Those beyond the
    shape are not looked at, and numbers beyond a narrow type are cut; `tf.make_ndarray` does
    neither.

    Args:
        proto: `check_proto` has no objection.

    Returns:
        The values; texts are bytes objects.
    """
    dtype, count = _dtype(proto), _count(proto)
    shape = [dim.size for dim in proto.tensor_shape.dim]
    numpy_type = np.dtype(dtype.as_numpy_dtype)
    if proto.tensor_content and count:
        return np.frombuffer(proto.tensor_content, numpy_type).copy().reshape(shape)
    values = getattr(proto, _FIELDS[dtype])[: count * (1 + dtype.is_complex)]
    if dtype in (tf.float16, tf.bfloat16):
        flat = np.array(values, np.int64).astype(np.uint16).view(numpy_type)
    elif dtype.is_complex:
        # The imaginary part of the last one may be missing.
        flat = np.array(values[: len(values) // 2 * 2], dtype.real_dtype.as_numpy_dtype)
        flat = flat.view(numpy_type)
    elif _FIELDS[dtype] == "int_val":
        flat = np.array(values, np.int64).astype(numpy_type)
    else:
        flat = np.array(values, numpy_type)
    if len(flat) < count:
        nothing = b"" if dtype == tf.string else 0
        filled = np.empty(count, numpy_type)
        filled.fill(flat[-1] if len(flat) else nothing)
        filled[: len(flat)] = flat
        flat = filled
    return flat.reshape(shape)


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
    field = getattr(proto, _FIELDS[dtype])
    for start in range(0, len(flat), _PIECE):
        field.extend(flat[start : start + _PIECE].tolist())
    return proto


def to_content_proto(value: np.ndarray) -> tensor_pb2.TensorProto:
    """Writes an array as raw bytes, which is shorter; texts as with `to_typed_proto`."""
    value = np.asarray(value)
    return tf.make_tensor_proto(value, tf.as_dtype(value.dtype))


def _dtype(proto: tensor_pb2.TensorProto) -> tf.DType:
    if proto.dtype not in _PLAIN:
        raise ValueError(f"no type of tensors that can be sent: {proto.dtype}")
    return _PLAIN[proto.dtype]


def _count(proto: tensor_pb2.TensorProto) -> int:
    sizes = [dim.size for dim in proto.tensor_shape.dim]
    if sizes and min(sizes) < 0:
        raise ValueError(f"a shape with unknown dimensions: {sizes}")
    # A dimension of zero does not excuse the others.
    if len(sizes) > _MOST_DIMENSIONS or math.prod(size or 1 for size in sizes) > _MOST_ELEMENTS:
        raise ValueError(f"a shape that is too large: {sizes}")
    return math.prod(sizes)
