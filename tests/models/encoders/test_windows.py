"""Windows onto long texts: every token is read, with text around it, and belongs to one window."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from reviewlens.errors import RunError
from reviewlens.models import ModelSettings, Windows

LENGTHS = st.lists(st.integers(0, 60), max_size=8)
WINDOWS = st.integers(3, 30).flatmap(
    lambda width: st.builds(Windows, st.just(width), st.integers(1, width - 2))
)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(lengths=LENGTHS, windows=WINDOWS)
def test_every_token_is_the_own_one_of_one_window(lengths, windows):
    splits = np.cumsum([0, *(length + 2 for length in lengths)])
    cut = windows.cut(splits)

    assert cut.places[cut.own].tolist() == list(range(splits[-1]))
    sizes = np.diff(cut.row_splits)
    assert (sizes <= windows.max_tokens).all() and (sizes >= 2).all()
    assert sorted(set(cut.parts.tolist())) == list(range(len(lengths)))
    for text, length in enumerate(lengths):
        (rows,) = np.nonzero(cut.parts == text)
        beyond = max(length - windows.room, 0)
        assert len(rows) == 1 + -(-beyond // windows.stride)
        starts = [cut.places[cut.row_splits[row] + 1] - splits[text] - 1 for row in rows]
        for row, at in zip(rows, cut.row_splits[rows], strict=True):
            places = cut.places[at : cut.row_splits[row + 1]]
            # Start, tokens that follow one another, end.
            assert places[0] == splits[text] and places[-1] == splits[text + 1] - 1
            assert (np.diff(places[1:-1]) == 1).all()
        assert sizes[rows].tolist() == [min(length, windows.room) + 2] * len(rows)
        if length:
            expected = [min(i * windows.stride, beyond) for i in range(len(rows))]
            assert starts == expected


@settings(max_examples=100, deadline=None, derandomize=True)
@given(lengths=LENGTHS.filter(bool), windows=WINDOWS)
def test_a_token_belongs_where_most_is_read_on_either_side(lengths, windows):
    parts = windows.parts(np.array(lengths))

    def around(window, token):
        start = parts.starts[window]
        return min(token - start, start + parts.lengths[window] - 1 - token)

    for own, row in enumerate(parts.rows):
        for token in range(parts.own_starts[own], parts.own_ends[own]):
            reading = [
                other
                for other in np.flatnonzero(parts.rows == row)
                if parts.starts[other] <= token < parts.starts[other] + parts.lengths[other]
            ]
            # Beyond the ends of the text there is nothing to be read.
            edge = token < windows.stride or token >= lengths[row] - windows.stride
            assert edge or around(own, token) >= max(around(w, token) for w in reading) - 1


@settings(max_examples=12, deadline=None, derandomize=True)
@given(lengths=LENGTHS, windows=WINDOWS, data=st.data())
def test_graph_and_memory_cut_alike(lengths, windows, data):
    splits = np.cumsum([0, *(length + 2 for length in lengths)])
    pairs = [(windows.cut(splits), _cut_in_a_graph(windows, splits))]
    rooms = data.draw(st.lists(st.integers(1, 20), min_size=len(lengths), max_size=len(lengths)))
    lengths, rooms = np.array(lengths, np.int64), np.array(rooms, np.int64)
    graph = tf.function(lambda *given: vars(windows.parts(*given)))
    pairs.append((windows.parts(lengths, rooms), graph(tf.constant(lengths), tf.constant(rooms))))
    for memory, graph in pairs:
        for name, values in vars(memory).items():
            np.testing.assert_array_equal(graph[name], values)


def _cut_in_a_graph(windows, splits):
    spec = [tf.TensorSpec([None], tf.int64)]
    traced = tf.function(lambda given: vars(windows.cut(given)), input_signature=spec)
    return traced(tf.constant(splits, tf.int64))


def test_rooms_of_their_own_for_each_text():
    parts = Windows(max_tokens=10, stride=6).parts(np.array([9, 9]), np.array([8, 4]))

    assert parts.rows.tolist() == [0, 0, 1, 1, 1]
    assert parts.starts.tolist() == [0, 1, 0, 4, 5]
    assert parts.lengths.tolist() == [8, 8, 4, 4, 4]


def test_the_settings_say_where_windows_are():
    assert Windows.of(ModelSettings(max_tokens=128)) == Windows(128, 63)
    assert Windows.of(ModelSettings(max_tokens=128, stride=100)) == Windows(128, 100)
    with pytest.raises(RunError, match="model.stride is 100, but a window of 64 tokens has 62"):
        Windows.of(ModelSettings(max_tokens=64, stride=100))
