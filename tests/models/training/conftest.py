"""What the tests of trainings learn from."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from reviewlens.models.encoders.bert.tokenizer import WordpieceTokenizer
from reviewlens.models.training.tokenized import TokenizedTexts


@pytest.fixture(scope="module")
def splits(tiny_vocabulary, reviews):
    """Reviews of which a tiny encoder can learn the class: does it say `the`, or else `it`?"""
    tokenizer = WordpieceTokenizer(tiny_vocabulary, lower_case=True, max_tokens=48)
    words = [set(text.lower().split()) for text in reviews]
    labels = np.array([1 if "the" in said else 2 if "it" in said else 0 for said in words])
    rows = tokenizer(tf.constant(reviews)).to_list()
    return [
        TokenizedTexts.from_rows(rows[part], {"grade": labels[part]})
        for part in (slice(0, 400), slice(400, 600))
    ]
