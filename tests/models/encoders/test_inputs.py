from __future__ import annotations

import numpy as np
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from reviewlens.models import EncoderInputs

ROWS = st.lists(st.lists(st.integers(2, 30_000), min_size=1, max_size=40), min_size=1, max_size=9)
KINDS = st.builds(EncoderInputs, padding_id=st.integers(0, 3), has_types=st.booleans())


@settings(max_examples=60, derandomize=True, deadline=None)
@given(ROWS, KINDS, st.none() | st.lists(st.integers(0, 39), min_size=9, max_size=9))
def test_both_ways_of_padding_give_the_same(rows, inputs, seconds):
    lengths = np.array([len(row) for row in rows])
    starts = np.cumsum(lengths) - lengths
    given = None
    if seconds:
        seconds = np.minimum(seconds[: len(rows)], lengths - 1)
        given = tf.constant(seconds, tf.int64)
    padded = inputs.pad(np.concatenate(rows), starts, lengths, seconds=seconds)
    packed = inputs.pack(tf.ragged.constant(rows, tf.int64), given)

    assert tuple(padded) == tuple(packed) == tuple(inputs.signature()) == inputs.names
    for name, spec in inputs.signature().items():
        np.testing.assert_array_equal(padded[name], packed[name])
        assert spec.is_compatible_with(packed[name])
        assert padded[name].dtype == spec.dtype.as_numpy_dtype


def test_padding_has_its_id_and_no_mask():
    inputs = EncoderInputs(padding_id=1, has_types=False)
    packed = inputs.pack(tf.ragged.constant([[5], [6, 7]]))
    assert packed["input_word_ids"].numpy().tolist() == [[5, 1], [6, 7]]
    assert packed["input_mask"].numpy().tolist() == [[1, 0], [1, 1]]


def test_what_is_behind_another_text_is_of_the_second_type():
    packed = EncoderInputs().pack(tf.ragged.constant([[5, 6, 7, 8], [6, 7]]), tf.constant([2, 1]))
    assert packed["input_type_ids"].numpy().tolist() == [[0, 0, 1, 1], [0, 1, 0, 0]]


def test_an_empty_batch_has_one_column_either_way():
    none = np.zeros(0, int)
    padded = EncoderInputs().pad(none, none, none)
    packed = EncoderInputs().pack(tf.RaggedTensor.from_row_lengths(tf.zeros([0], tf.int64), []))
    for inputs in (padded, packed):
        assert {tuple(values.shape) for values in inputs.values()} == {(0, 1)}
