"""How tensors are read from protos, held against TensorFlow's own reading of them."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from tensorflow.core.framework import tensor_pb2

from reviewlens.serving.server.tensors import check_proto, from_proto, to_typed_proto

FIELDS = {
    tf.float32: ("float_val", st.floats(width=32)),
    tf.float64: ("double_val", st.floats()),
    tf.int32: ("int_val", st.integers(-(2**31), 2**31 - 1)),
    tf.uint8: ("int_val", st.integers(-(2**31), 2**31 - 1)),
    tf.int16: ("int_val", st.integers(-(2**31), 2**31 - 1)),
    tf.int64: ("int64_val", st.integers(-(2**63), 2**63 - 1)),
    tf.uint64: ("uint64_val", st.integers(0, 2**64 - 1)),
    tf.bool: ("bool_val", st.booleans()),
    tf.string: ("string_val", st.binary(max_size=4)),
    tf.float16: ("half_val", st.integers(0, 2**16 - 1)),
    tf.bfloat16: ("half_val", st.integers(0, 2**16 - 1)),
    tf.complex64: ("scomplex_val", st.floats(width=32)),
    tf.complex128: ("dcomplex_val", st.floats()),
}


@st.composite
def protos(draw):
    dtype = draw(st.sampled_from(list(FIELDS)))
    field, elements = FIELDS[dtype]
    proto = tensor_pb2.TensorProto(dtype=dtype.as_datatype_enum)
    for size in draw(st.lists(st.integers(-1, 3), max_size=3)):
        proto.tensor_shape.dim.add(size=size)
    getattr(proto, field).extend(draw(st.lists(elements, max_size=8)))
    if dtype != tf.string and draw(st.booleans()):
        proto.tensor_content = draw(st.binary(max_size=16))
    return proto


@settings(derandomize=True, max_examples=400, deadline=None)
@given(protos())
def test_tensors_are_read_as_tensorflow_reads_them(proto):
    try:
        expected = tf.raw_ops.ParseTensor(
            serialized=proto.SerializeToString(), out_type=tf.as_dtype(proto.dtype)
        ).numpy()
    except tf.errors.InvalidArgumentError:
        with pytest.raises(ValueError):
            check_proto(proto)
        return
    check_proto(proto)
    value = from_proto(proto)
    if value.dtype == object:
        expected = np.asarray(expected, object)
    assert (value.shape, value.dtype) == (expected.shape, expected.dtype)
    if value.dtype == object:
        assert value.tolist() == expected.tolist()
    else:
        assert value.tobytes() == expected.tobytes()


def test_what_fills_up_a_tensor_keeps_its_zero_bytes():
    proto = tensor_pb2.TensorProto(dtype=tf.string.as_datatype_enum, string_val=[b"a\0"])
    proto.tensor_shape.dim.add(size=3)
    assert check_proto(proto) == 3 * (24 + 2)
    assert from_proto(proto).tolist() == [b"a\0"] * 3


def test_quantized_numbers_are_plain_ones():
    proto = tensor_pb2.TensorProto(dtype=tf.quint8.as_datatype_enum, int_val=[1, 255])
    proto.tensor_shape.dim.add(size=2)
    assert from_proto(proto).tolist() == [1, 255]
    assert from_proto(proto).dtype == np.uint8


def test_long_tensors_are_written_piece_by_piece():
    value = np.arange(200_000, dtype=np.float32)
    np.testing.assert_array_equal(from_proto(to_typed_proto(value)), value)
