"""Windows onto long texts: every token is read, with text around it, and belongs to one window."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from reviewlens.errors import RunError
from reviewlens.models import ModelSettings, Windows

LENGTH = st.integers(0, 60)
LENGTHS = st.lists(LENGTH, max_size=8)
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


@st.composite
def pairs(draw):
    """Windows onto pairs; how long the heads of some are, and what follows them."""
    most = draw(st.integers(2, 12))
    width = draw(st.integers(most + 2, 30))
    windows = Windows(width, draw(st.integers(1, width - most - 1)), most)
    rows = draw(st.lists(st.tuples(st.integers(2, 20), LENGTH), max_size=8))
    heads, rests = np.array(rows, np.int64).reshape(-1, 2).T
    return windows, heads, rests


@settings(max_examples=200, deadline=None, derandomize=True)
@given(pairs())
def test_the_head_of_a_pair_is_in_all_of_its_windows(pair):
    windows, heads, rests = pair
    splits = np.cumsum([0, *(heads + rests + 1)])
    cut = windows.cut(splits, heads)

    sizes = np.diff(cut.row_splits)
    assert (sizes <= windows.max_tokens).all()
    kept = np.minimum(heads, windows.most_head)
    assert cut.heads.tolist() == kept[cut.parts].tolist()
    for text, (head, rest) in enumerate(zip(heads, rests, strict=True)):
        begins = splits[text]
        first = list(range(begins, begins + kept[text] - 2))
        wanted = [*first, begins + head - 2, begins + head - 1]
        (rows,) = np.nonzero(cut.parts == text)
        own = []
        for row in rows:
            span = slice(*cut.row_splits[row : row + 2])
            places = cut.places[span]
            assert places[: kept[text]].tolist() == wanted
            assert places[-1] == splits[text + 1] - 1
            read = places[kept[text] : -1]
            assert len(read) == min(rest, windows.max_tokens - 1 - kept[text])
            assert (np.diff(read) == 1).all()
            own += places[cut.own[span]].tolist()
        # What was cut out of the head is in none.
        assert own == [*wanted, *range(begins + head, splits[text + 1])]


@settings(max_examples=100, deadline=None, derandomize=True)
@given(lengths=LENGTHS, windows=WINDOWS)
def test_the_head_of_a_text_alone_is_its_start(lengths, windows):
    splits = np.cumsum([0, *(length + 2 for length in lengths)])
    alone = windows.cut(splits, np.ones(len(lengths), np.int64))
    for name, values in vars(windows.cut(splits)).items():
        np.testing.assert_array_equal(getattr(alone, name), values)


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


@settings(max_examples=6, deadline=None, derandomize=True)
@given(lengths=LENGTHS, windows=WINDOWS, pair=pairs(), data=st.data())
def test_graph_and_memory_cut_alike(lengths, windows, pair, data):
    splits = np.cumsum([0, *(length + 2 for length in lengths)])
    both = [(windows.cut(splits), _in_a_graph(windows.cut, splits))]
    with_heads, heads, rests = pair
    splits = np.cumsum([0, *(heads + rests + 1)])
    both.append((with_heads.cut(splits, heads), _in_a_graph(with_heads.cut, splits, heads)))
    rooms = data.draw(st.lists(st.integers(1, 20), min_size=len(lengths), max_size=len(lengths)))
    lengths, rooms = np.array(lengths, np.int64), np.array(rooms, np.int64)
    both.append((windows.parts(lengths, rooms), _in_a_graph(windows.parts, lengths, rooms)))
    for memory, graph in both:
        for name, values in vars(memory).items():
            np.testing.assert_array_equal(graph[name], values)


def _in_a_graph(function, *arrays):
    spec = [tf.TensorSpec([None], tf.int64)] * len(arrays)
    traced = tf.function(lambda *given: vars(function(*given)), input_signature=spec)
    return traced(*(tf.constant(array, tf.int64) for array in arrays))


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


def test_a_question_takes_half_of_a_window_at_most():
    assert Windows.of(ModelSettings(max_tokens=256), pairs=True) == Windows(256, 95, 64)
    assert Windows.of(ModelSettings(max_tokens=40), pairs=True) == Windows(40, 9, 20)
    assert Windows.of(ModelSettings(max_tokens=8), pairs=True) == Windows(8, 1, 4)
    with pytest.raises(RunError, match="has 63 between a question of 64 and end"):
        Windows.of(ModelSettings(max_tokens=128, stride=64), pairs=True)
