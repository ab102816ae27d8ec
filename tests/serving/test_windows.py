"""Texts that are longer than an encoder reads, in the graph that is served."""

from __future__ import annotations

import functools
import types

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from reviewlens.models.encoders.bert.tokenizer import WordpieceTokenizer
from reviewlens.models.encoders.inputs import EncoderInputs
from reviewlens.models.encoders.truncation import UNCUT
from reviewlens.models.encoders.windows import Windows
from reviewlens.serving import EncoderModel


class Neighbours(keras.Model):
    """Says of each token the ids of what stands up to `reach` before and behind it."""

    def __init__(self, reach):
        super().__init__()
        self.encoder = types.SimpleNamespace(inputs=EncoderInputs())
        self.reach = reach
        self.built = True

    def call(self, inputs, training=None):
        ids = tf.cast(inputs["input_word_ids"], tf.float32)
        width = tf.shape(ids)[1]
        ids = tf.pad(ids, [[0, 0], [self.reach, self.reach]])
        shifts = range(2 * self.reach + 1)
        return tf.stack([ids[:, shift : shift + width] for shift in shifts], axis=-1)


@pytest.fixture(scope="module")
def tokenizer(tiny_vocabulary):
    return WordpieceTokenizer(tiny_vocabulary, lower_case=True, max_tokens=UNCUT)


@pytest.fixture(scope="module")
def outputs(tokenizer):
    """What a model of that reach says of texts that it reads through windows."""

    @functools.cache
    def traced(reach, *sizes):
        model = EncoderModel(Neighbours(reach), tokenizer, True, Windows(*sizes))
        return tf.function(model, input_signature=[tf.TensorSpec([None], tf.string)])

    def run(texts, reach, *sizes):
        return traced(reach, *sizes)(tf.constant(texts, tf.string)).to_list()

    return run


# More than any of the texts has.
WIDE = (5000, 100)
LONG = [" ".join(f"word{n} costs {n}" for n in range(length)) for length in (0, 1, 40, 7, 90)]


@pytest.mark.parametrize(("max_tokens", "stride", "reach"), [(12, 5, 2), (12, 4, 3), (9, 1, 3)])
def test_windows_say_what_a_wider_encoder_says(outputs, max_tokens, stride, reach):
    """Each token has half of what two windows share, or more, around it."""
    wide = outputs(LONG, reach, *WIDE)
    assert outputs(LONG, reach, max_tokens, stride) == wide
    assert max(map(len, wide)) > 20 * max_tokens


def test_without_an_overlap_something_would_be_lost_at_the_seams(outputs):
    wide = outputs(LONG, 1, *WIDE)
    assert outputs(LONG, 1, 12, 10) != wide
    assert outputs([], 1, 12, 10) == []


@given(st.lists(st.lists(st.sampled_from(["fits", "w", "é", "!", "\0", " "]), max_size=40)))
@settings(max_examples=25, deadline=None, derandomize=True)
def test_every_token_of_every_text_has_an_output(outputs, tokenizer, texts):
    texts = ["".join(words) for words in texts]
    found = outputs(texts, 0, 7, 3)
    expected = tokenizer(tf.constant(texts, tf.string)).to_list()
    assert found == [[[float(index)] for index in row] for row in expected]


def test_texts_that_fit_are_computed_as_without_windows(served, tokenizer, reviews):
    """To the bit: nothing about them is another."""
    texts = tf.constant([text for text in reviews[:200] if len(text) < 48])
    cut = WordpieceTokenizer(tokenizer.vocabulary_file, lower_case=True, max_tokens=48)
    encoder = Encoded(served.classifier.encoder)
    plain = EncoderModel(encoder, cut, True)(texts)
    windows = EncoderModel(encoder, tokenizer, True, Windows(48, 20))(texts)
    np.testing.assert_array_equal(windows.values, plain.values)
    np.testing.assert_array_equal(windows.row_splits, plain.row_splits)


class Encoded(keras.Model):
    """What an encoder says of each token."""

    def __init__(self, encoder):
        super().__init__()
        self.encoder = encoder
        self.built = True

    def call(self, inputs, training=None):
        return self.encoder(inputs, training=training)["sequence_output"]


def test_facts_are_those_of_the_windows(tokenizer):
    model = EncoderModel(Neighbours(0), tokenizer, True, Windows(12, 5))
    assert model.facts() == {"algorithm": "encoder", "max_tokens": 12, "stride": 5}
