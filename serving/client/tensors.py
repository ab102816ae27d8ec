"""Lists as `TensorProto`s and back."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from typing import Any

from google.protobuf.message import Message

from .messages import Tensor

DT_FLOAT = 1
DT_STRING = 7
DT_INT64 = 9


def string_tensor(values: list[bytes]) -> Message:
    """Returns a string tensor of shape [len(values)]."""
    tensor = Tensor(dtype=DT_STRING, string_val=values)
    tensor.tensor_shape.dim.add(size=len(values))
    return tensor


def tensor_values(tensor: Message) -> Any:
    """Reads a tensor of strings, of float32 or of int64.

    Args:
        tensor: A `Tensor`; its values may be in a typed field or in `tensor_content`, which
            TensorFlow Serving writes with `--enable_serialization_as_tensor_content`.

    Returns:
        Nested lists of str, float or int, in the tensor's shape; None for any other type.
    """
    shape = [dimension.size for dimension in tensor.tensor_shape.dim]
    count = math.prod(shape)
    if tensor.dtype == DT_FLOAT:
        packed = tensor.tensor_content
        values = list(struct.unpack(f"<{count}f", packed) if packed else tensor.float_val)
    elif tensor.dtype == DT_INT64:
        packed = tensor.tensor_content
        values = list(struct.unpack(f"<{count}q", packed) if packed else tensor.int64_val)
    elif tensor.dtype == DT_STRING:
        packed = tensor.tensor_content
        strings = _unpacked_strings(packed, count) if packed else tensor.string_val
        values = [string.decode("utf-8", "replace") for string in strings]
    else:
        return None
    for axis in reversed(range(1, len(shape))):
        size, rows = shape[axis], math.prod(shape[:axis])
        values = [values[row * size : (row + 1) * size] for row in range(rows)]
    return values


def _unpacked_strings(packed: bytes, count: int) -> Iterator[bytes]:
    """All lengths come first, as varints, then all strings."""
    lengths, position = [], 0
    for _ in range(count):
        length = shift = 0
        while True:
            byte = packed[position]
            length |= (byte & 0x7F) << shift
            position, shift = position + 1, shift + 7
            if byte < 0x80:
                break
        lengths.append(length)
    for length in lengths:
        yield packed[position : position + length]
        position += length
