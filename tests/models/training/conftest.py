"""What the tests of trainings learn from."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from reviewlens.models import BertEncoder, load_encoder, write_encoder
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


@pytest.fixture(scope="session")
def shallow_encoder(tiny_encoder, tmp_path_factory) -> str:
    """Directory of what is below the upper block of the tiny encoder, of which steps are traced in
    half the time; and its pooler."""
    whole = load_encoder(tiny_encoder)
    below = BertEncoder.from_config({**whole.get_config(), "num_layers": whole.num_layers - 1})
    values = {weight.path.partition("/")[2]: weight for weight in whole.weights}
    for weight in below.weights:
        weight.assign(values[weight.path.partition("/")[2]])
    folder = tmp_path_factory.mktemp("shallow") / "encoder"
    write_encoder(below, str(folder), saved_model=False)
    return str(folder)
