from __future__ import annotations

import itertools

import numpy as np
import pytest
import tensorflow as tf

from reviewlens.models.ngrams import products
from reviewlens.models.ngrams.objective import NgramRegression
from reviewlens.models.ngrams.products import TextProducts

COLUMNS, GRADES, TEXTS = 50, 4, 40
PENALTY = 0.3


@pytest.fixture
def texts():
    random = np.random.default_rng(3)
    lengths = random.integers(0, 12, TEXTS)
    ids = random.integers(0, COLUMNS - 5, lengths.sum()).astype(np.int32)
    return TextProducts(ids, np.cumsum([0, *lengths]), COLUMNS), ids, lengths


@pytest.fixture
def data():
    random = np.random.default_rng(4)
    idf = random.uniform(1, 4, COLUMNS).astype(np.float32)
    scale = random.uniform(0.2, 1, TEXTS).astype(np.float32)
    wanted = random.dirichlet(np.ones(GRADES) / 4, TEXTS).astype(np.float32)
    return idf, scale, wanted


def dense(ids, lengths):
    matrix = np.zeros((TEXTS, COLUMNS), np.float32)
    np.add.at(matrix, (np.repeat(np.arange(TEXTS), lengths), ids), 1)
    return matrix


def test_products_are_those_of_the_matrix_however_it_is_divided(texts, monkeypatch):
    whole, ids, lengths = texts
    monkeypatch.setattr(products, "_SMALLEST", 1)
    monkeypatch.setattr(products, "_OF_COLUMNS", 1)
    divided = TextProducts(ids, np.cumsum([0, *lengths]), COLUMNS)
    random = np.random.default_rng(5)
    weights = random.normal(size=(COLUMNS, 3)).astype(np.float32)
    values = random.normal(size=(TEXTS, 3)).astype(np.float32)

    for rows in (whole, divided):
        expected = dense(ids, lengths)
        np.testing.assert_allclose(rows.times(weights), expected @ weights, atol=1e-5)
        np.testing.assert_allclose(rows.transposed_times(values), expected.T @ values, atol=1e-5)


def test_gradient_is_that_of_automatic_differentiation(texts, data):
    rows, ids, lengths = texts
    idf, scale, wanted = data
    regression = NgramRegression(rows, idf, scale, wanted, PENALTY, dropout=0.0)
    *_, _ = itertools.islice(regression.steps(), 2)
    matrix = dense(ids, lengths) * scale[:, None] * idf

    weights, bias = tf.Variable(regression.weights), tf.Variable(regression.bias)
    with tf.GradientTape() as tape:
        losses = tf.nn.softmax_cross_entropy_with_logits(wanted, matrix @ weights + bias)
        loss = tf.reduce_sum(losses) + PENALTY / 2 * tf.reduce_sum(weights**2)
    of_weights, of_bias = tape.gradient(loss, [weights, bias])

    residuals = tf.nn.softmax(matrix @ weights + bias).numpy() - wanted
    gradient = regression.gradient(residuals)
    np.testing.assert_allclose(gradient[:-1], of_weights, atol=1e-4)
    np.testing.assert_allclose(gradient[-1], of_bias, atol=1e-4)


@pytest.mark.parametrize("dropout", [0.0, 0.6])
def test_steps_lead_to_the_minimum(texts, data, dropout):
    regression = NgramRegression(texts[0], *data, PENALTY, dropout)

    losses = [loss for *_, loss in itertools.islice(regression.steps(), 60)]

    logits = np.array(data[1])[:, None] * texts[0].times(data[0][:, None] * regression.weights)
    residuals = tf.nn.softmax(logits + regression.bias).numpy() - data[2]
    assert np.abs(regression.gradient(residuals)).max() < 1e-2
    assert losses[0] > losses[-1]


def test_columns_without_texts_keep_weights_of_zero(texts, data):
    regression = NgramRegression(texts[0], *data, PENALTY, dropout=0.5)

    *_, (table, _, _) = itertools.islice(regression.steps(), 5)

    assert not table[-5:].any() and table[:-5].any()


def test_texts_of_one_grade_end_at_once_or_stay_finite(texts, data):
    wanted = np.tile(np.eye(GRADES, dtype=np.float32)[0], (TEXTS, 1))
    regression = NgramRegression(texts[0], data[0], data[1], wanted, PENALTY, dropout=0.5)

    for table, bias, loss in itertools.islice(regression.steps(), 10):
        assert np.isfinite(table).all() and np.isfinite(bias).all() and np.isfinite(loss)
