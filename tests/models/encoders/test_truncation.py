"""The cut of long texts: the same in graphs and in memory, and said in one rule."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from reviewlens.models import Truncation
from reviewlens.models.encoders.truncation import UNCUT
from reviewlens.models.settings import TRUNCATIONS

LENGTHS = st.lists(st.integers(0, 40), max_size=8)
CUTS = st.builds(Truncation, st.integers(2, 40), st.sampled_from(TRUNCATIONS))


def by_hand(row: list[int], cut: Truncation) -> list[int]:
    """A text with start and end, cut token by token."""
    if len(row) <= cut.max_tokens:
        return row
    between = row[1:-1]
    tail = between[len(between) - cut.tail :]
    return [row[0], *between[: cut.head], *tail, row[-1]]


def in_memory(rows: list[list[int]], cut: Truncation) -> list[list[int]]:
    splits = np.cumsum([0, *map(len, rows)])
    kept = cut.kept(splits)
    tokens = np.concatenate([np.zeros(0, int), *rows])
    assert kept.shape == tokens.shape
    return [
        tokens[start:end][kept[start:end]].tolist()
        for start, end in zip(splits, splits[1:], strict=False)
    ]


def in_a_graph(rows: list[list[int]], cut: Truncation) -> list[list[int]]:
    between = tf.ragged.constant([row[1:-1] for row in rows], tf.int64, ragged_rank=1)
    found = cut.cut(between).to_list()
    return [[row[0], *found, row[-1]] for row, found in zip(rows, found, strict=True)]


@settings(max_examples=40, deadline=None, derandomize=True)
@given(lengths=LENGTHS, cut=CUTS)
def test_graph_and_memory_keep_the_same_tokens(lengths, cut):
    rows = [[-1, *range(length), -2] for length in lengths]
    expected = [by_hand(row, cut) for row in rows]
    assert in_memory(rows, cut) == expected
    assert in_a_graph(rows, cut) == expected


@settings(max_examples=200, deadline=None, derandomize=True)
@given(lengths=LENGTHS, cut=CUTS, shorter=st.integers(0, 38))
def test_to_cut_twice_is_to_cut_once(lengths, cut, shorter):
    rows = [[-1, *range(length), -2] for length in lengths]
    last = Truncation(max(cut.max_tokens - shorter, 2), cut.kind)
    assert in_memory(in_memory(rows, cut), last) == in_memory(rows, last)


def test_the_share_of_the_head_is_that_of_the_paper():
    cut = Truncation(512, "head_tail")
    assert (cut.head, cut.tail) == (128, 382)


@pytest.mark.parametrize("kind", TRUNCATIONS)
def test_nothing_is_cut_where_there_is_no_limit(kind):
    assert Truncation(UNCUT, kind).kept(np.array([0, 3, 1000])).all()
