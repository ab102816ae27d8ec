"""Texts of several grades: what is learnt of them, and what they are judged as."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from reviewlens.models.settings import TrainingSettings
from reviewlens.models.tasks.text_classification.loss import GradeLoss
from reviewlens.models.tasks.text_classification.targets import classes_of
from reviewlens.models.tasks.text_classification.task import TextClassification
from reviewlens.models.training.batching import pad_targets
from reviewlens.models.training.tokenized import TokenizedTexts

TASK = TextClassification(("bad", "fair", "good"), (0, 0, 1, 2, 2))
GRADES = len(TASK.grades)


def texts_with(grades) -> TokenizedTexts:
    rows = [[101, 7 + row, 102] for row in range(len(grades))]
    return TokenizedTexts.from_rows(rows, {"grade": grades})


def loss_and_gradient(loss, logits, grades):
    texts = texts_with(grades)
    targets = pad_targets(texts, np.arange(len(texts)), 8, TASK.targets)
    logits = tf.constant(logits)
    with tf.GradientTape() as tape:
        tape.watch(logits)
        total = loss(logits, {name: tf.constant(value) for name, value in targets.items()})
    return total.numpy(), tape.gradient(total, logits).numpy()


def by_one_grade(weights, smoothing, logits, grades):
    """Cross-entropy as it is where each text has one grade, written down for that alone."""
    logits = tf.constant(logits)
    with tf.GradientTape() as tape:
        tape.watch(logits)
        wanted = (1 - smoothing) * tf.one_hot(grades, GRADES) + smoothing / GRADES
        losses = tf.nn.softmax_cross_entropy_with_logits(wanted, logits)
        total = tf.reduce_sum(losses * tf.gather(np.float32(weights), grades))
    return total.numpy(), tape.gradient(total, logits).numpy()


@pytest.mark.parametrize("weights", [np.ones(GRADES), [0.3, 0.3, 1.7, 0.9, 0.9], [0, 0, 1, 1, 1]])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_a_text_of_one_grade_is_learnt_to_the_bit_as_that_grade(weights, smoothing):
    random = np.random.default_rng(1)
    logits = random.normal(size=(200, GRADES)).astype(np.float32)
    grades = random.integers(0, GRADES, 200).astype(np.int32)
    loss = GradeLoss(weights, smoothing)
    expected = by_one_grade(weights, smoothing, logits, grades)
    for given in (grades, np.eye(GRADES)[grades]):
        for found, wanted in zip(loss_and_gradient(loss, logits, given), expected, strict=True):
            assert np.array_equal(found, wanted)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_a_text_of_several_grades_is_learnt_as_its_copies_would_be(smoothing):
    loss = GradeLoss([0.3, 0.3, 1.7, 0.9, 0.9], smoothing)
    logits = np.random.default_rng(2).normal(size=(1, GRADES)).astype(np.float32)
    copies = [1, 2, 2, 4]
    shares = np.bincount(copies, minlength=GRADES) / len(copies)
    total, gradient = loss_and_gradient(loss, logits, [shares])
    apart = [loss_and_gradient(loss, logits, [grade]) for grade in copies]
    np.testing.assert_allclose(total, np.mean([one for one, _ in apart]), rtol=1e-6)
    np.testing.assert_allclose(gradient, np.mean([one for _, one in apart], axis=0), atol=1e-6)
    count = loss.count({"grade": tf.constant([shares, shares])})
    assert count.dtype == tf.float32 and count.numpy() == 2


def test_a_text_is_judged_as_of_its_most_frequent_class():
    shares = [[0.2, 0.2, 0.3, 0.3, 0], [0.3, 0, 0.3, 0.2, 0.2], [0, 0, 1, 0, 0]]
    assert classes_of(texts_with(shares), TASK.grades).tolist() == [0, 2, 1]
    assert classes_of(texts_with([4, 0, 2]), TASK.grades).tolist() == [2, 0, 1]


def test_whole_numbers_and_distributions_are_the_same_to_training():
    grades = np.random.default_rng(3).integers(0, GRADES, 50)
    whole, shares = texts_with(grades), texts_with(np.eye(GRADES)[grades])
    assert shares.targets["grade"].dtype == np.float32
    wanted = TASK.target_distributions(whole)
    assert wanted.shape == (50, GRADES) and wanted.dtype == np.float32
    assert np.array_equal(wanted, TASK.target_distributions(shares))
    # The order of training, and with it every result, is that of the grades.
    one, other = whole.in_canonical_order(), shares.in_canonical_order()
    assert np.array_equal(one.tokens, other.tokens)
    assert np.array_equal(one.targets["grade"], other.targets["grade"].argmax(axis=1))
    assert np.array_equal(classes_of(one, TASK.grades), classes_of(other, TASK.grades))
    settings = TrainingSettings(class_weight="balanced")
    logits = np.random.default_rng(4).normal(size=(50, GRADES)).astype(np.float32)
    losses = [
        loss_and_gradient(TASK.loss(texts, settings), logits, texts.targets["grade"])
        for texts in (one, other)
    ]
    assert losses[0][0] == losses[1][0]


def test_shares_are_part_of_what_texts_are_known_by():
    one, other = texts_with([[0.5, 0, 0.5, 0, 0]]), texts_with([[0.6, 0, 0.4, 0, 0]])
    assert one.digest() != other.digest()
    assert one.take([0, 0]).targets["grade"].shape == (2, GRADES)
