"""How texts are cut into batches."""

from __future__ import annotations

import itertools

import pytest

from reviewlens.serving.prediction import text_batches
from reviewlens.serving.tasks.predictions import MOST_CELLS


def test_a_batch_has_so_many_texts_and_is_given_as_soon_as_it_has():
    taken = itertools.count()
    batches = text_batches((str(next(taken)) for _ in range(7)), 3)
    assert next(batches) == [b"0", b"1", b"2"]
    assert next(taken) == 3
    assert [len(batch) for batch in batches] == [3, 1]
    assert list(text_batches([], 3)) == []


def test_a_long_text_has_few_others_beside_it():
    half, long = "é" * (MOST_CELLS // 4), "x" * (2 * MOST_CELLS)
    texts = [*["a"] * 5, half, half, half, long, *["b"] * 4, "\ud83d"]
    batches = list(text_batches(texts, 1000))
    assert [text.decode() for batch in batches for text in batch] == [*texts[:-1], "?"]
    assert [len(batch) for batch in batches] == [5, 2, 1, 1, 5]


def test_a_single_text_is_no_list_of_texts():
    with pytest.raises(TypeError, match="put it into a list"):
        next(text_batches("fine", 3))
