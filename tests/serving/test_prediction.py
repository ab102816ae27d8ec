"""How what a model is asked about is cut into batches."""

from __future__ import annotations

import itertools

import pytest

from reviewlens.serving.prediction import input_batches
from reviewlens.serving.tasks.predictions import MOST_CELLS


def test_a_batch_has_so_many_texts_and_is_given_as_soon_as_it_has():
    taken = itertools.count()
    batches = input_batches((str(next(taken)) for _ in range(7)), 3)
    assert next(batches) == {"text": [b"0", b"1", b"2"]}
    assert next(taken) == 3
    assert [len(batch["text"]) for batch in batches] == [3, 1]
    assert list(input_batches([], 3)) == []


def test_a_long_text_has_few_others_beside_it():
    half, long = "é" * (MOST_CELLS // 4), "x" * (2 * MOST_CELLS)
    texts = [*["a"] * 5, half, half, half, long, *["b"] * 4, "\ud83d"]
    batches = [batch["text"] for batch in input_batches(texts, 1000)]
    assert [text.decode() for batch in batches for text in batch] == [*texts[:-1], "?"]
    assert [len(batch) for batch in batches] == [5, 2, 1, 1, 5]
    pairs = [{"question": text, "context": "fits"} for text in texts]
    assert [batch["question"] for batch in input_batches(pairs, 1000)] == batches


def test_texts_that_belong_together_stay_so():
    rows = [{"question": f"{n}?", "context": str(n)} for n in range(3)]
    rows[1] = {"context": "1", "question": "1?"}
    assert list(input_batches(rows, 2)) == [
        {"question": [b"0?", b"1?"], "context": [b"0", b"1"]},
        {"question": [b"2?"], "context": [b"2"]},
    ]
    with pytest.raises(TypeError, match="a row of text among rows of question, context"):
        list(input_batches([*rows, "3"], 2))


def test_a_single_text_is_no_list_of_texts():
    with pytest.raises(TypeError, match="put it into a list"):
        next(input_batches("fine", 3))
