"""Texts in memory are cut as the tokenizers cut them."""

from __future__ import annotations

import dataclasses
import tempfile

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from reviewlens.models import (
    EncoderInputs,
    StoredTokens,
    TokenizedTexts,
    Truncation,
    Windows,
    WordpieceTokenizer,
    pad_batch,
)
from reviewlens.models.encoders.truncation import UNCUT
from reviewlens.models.settings import TRUNCATIONS

WORDS = st.lists(
    st.sampled_from(["the", "fits", "well", "é", "!", "👍", "xylophones"]), max_size=20
)


@pytest.fixture(scope="module")
def tokenize(tiny_vocabulary):
    def tokenize(texts, max_tokens=UNCUT, truncation="head"):
        tokenizer = WordpieceTokenizer(
            tiny_vocabulary, lower_case=True, max_tokens=max_tokens, truncation=truncation
        )
        return tokenizer(tf.constant(texts, tf.string)).to_list()

    return tokenize


@settings(max_examples=50, deadline=None, derandomize=True)
@given(rows=st.lists(st.lists(st.integers(1, 250_000), max_size=9), max_size=6), data=st.data())
def test_texts_on_disk_are_those_in_memory(rows, data):
    texts = TokenizedTexts.from_rows(rows, {})
    with tempfile.TemporaryFile() as file:
        texts.tokens.tofile(file)
        stored = dataclasses.replace(texts, tokens=StoredTokens(file))

        assert len(stored.tokens) == len(texts.tokens)
        assert stored.digest() == texts.digest()
        some = np.array(data.draw(st.permutations(range(len(rows)))), int)[:3]
        for name, values in pad_batch(stored, some, EncoderInputs(1)).items():
            np.testing.assert_array_equal(values, pad_batch(texts, some, EncoderInputs(1))[name])
        for row in some:
            np.testing.assert_array_equal(stored.row(row), texts.row(row))
        cut = (one.cut(Truncation(3)).tokens[:].tolist() for one in (stored, texts))
        assert next(cut) == next(cut)


@settings(max_examples=30, deadline=None, derandomize=True)
@given(
    texts=st.lists(WORDS.map(" ".join), max_size=6),
    max_tokens=st.integers(2, 40),
    truncation=st.sampled_from(TRUNCATIONS),
)
def test_a_cut_comes_to_the_same_before_and_after(tokenize, texts, max_tokens, truncation):
    whole = tokenize(texts)
    targets = {"grade": range(len(whole)), "place": [range(len(row)) for row in whole]}
    before = TokenizedTexts.from_rows(whole, targets, ["place"])
    after = before.cut(Truncation(max_tokens, truncation))

    assert [after.row(row).tolist() for row in range(len(after))] == tokenize(
        texts, max_tokens, truncation
    )
    np.testing.assert_array_equal(after.targets["grade"], before.targets["grade"])
    # The targets of tokens are those of the tokens that are left.
    for row, tokens in enumerate(whole):
        places = after.targets["place"][after.row_splits[row] : after.row_splits[row + 1]]
        np.testing.assert_array_equal(np.array(tokens, int)[places], after.row(row))


def test_pairs_stay_so():
    rows = [[1, 5, 3, 6, 7, 8, 3], [1, 4, 4, 4, 3, 9, 3]]
    places = [list(range(7))] * 2
    pairs = TokenizedTexts.from_rows(rows, {"place": places}, ["place"], seconds=[3, 5])
    assert pairs.in_windows(Windows(7, 2), {}) is pairs
    read = pairs.in_windows(Windows(6, 1, most_head=3), {})

    assert [read.row(row).tolist() for row in range(3)] == [
        [1, 5, 3, 6, 7, 3],
        [1, 5, 3, 7, 8, 3],
        [1, 4, 3, 9, 3],
    ]
    assert read.seconds.tolist() == [3, 3, 3] and read.parts.tolist() == [0, 0, 1]
    # What a window reads for the sake of others is told by `own` where no target is.
    assert read.targets["place"][:12].tolist() == [0, 1, 2, 3, 4, 6, 0, 1, 2, 4, 5, 6]
    assert read.own.astype(int).tolist() == [1, 1, 1, 1, 0, 0, 0, 0, 0, 1, 1, 1] + [1] * 5
    turned = read.take([2, 1])
    assert turned.seconds.tolist() == [3, 3] and turned.own.tolist() == [
        *read.own[12:],
        *read.own[6:12],
    ]
    assert pairs.cut(Truncation(6)).seconds.tolist() == [3, 5]
    alone = dataclasses.replace(pairs, seconds=None)
    assert alone.digest() != pairs.digest() != pairs.take([1, 0]).digest()
    batch = pad_batch(read, np.array([2, 0]), EncoderInputs(), multiple=1)
    assert batch["input_type_ids"].tolist() == [[0, 0, 0, 1, 1, 0], [0, 0, 0, 1, 1, 1]]


def test_parts_of_texts_stay_so():
    parts = TokenizedTexts.from_rows([[1, 2, 3], [1, 3], [1, 5, 6, 3]], {"grade": [0, 1, 2]})
    parts = dataclasses.replace(parts, parts=np.array([0, 0, 1]))

    assert parts.take([2, 0]).parts.tolist() == [1, 0]
    assert parts.cut(Truncation(3)).parts.tolist() == [0, 0, 1]
