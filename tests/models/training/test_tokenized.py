"""Texts in memory are cut as the tokenizers cut them."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from reviewlens.models import TokenizedTexts, Truncation, WordpieceTokenizer
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


def test_parts_of_texts_stay_so():
    parts = TokenizedTexts.from_rows([[1, 2, 3], [1, 3], [1, 5, 6, 3]], {"grade": [0, 1, 2]})
    parts = dataclasses.replace(parts, parts=np.array([0, 0, 1]))

    assert parts.take([2, 0]).parts.tolist() == [1, 0]
    assert parts.cut(Truncation(3)).parts.tolist() == [0, 0, 1]
