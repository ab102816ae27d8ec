"""The figures of a classifier are those that scikit-learn and the evaluator compute."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    confusion_matrix,
    f1_score,
    log_loss,
    precision_recall_fscore_support,
)

from reviewlens.models.tasks.text_classification.metrics import expected_calibration_error
from reviewlens.pipeline.report.analysis.calibration import log_loss_of, reliability_of
from reviewlens.pipeline.report.analysis.classes import figures_of, precision_recall, worst_first
from reviewlens.pipeline.report.analysis.slicing import rows_of_values

ROWS, CLASSES = 900, 3


@pytest.fixture(scope="module")
def answered():
    """Truth, probabilities and decisions, of which some are not the most probable class."""
    random = np.random.default_rng(7)
    truth = random.choice(CLASSES, size=ROWS, p=[0.6, 0.3, 0.1])
    logits = random.normal(size=(ROWS, CLASSES)) + 1.5 * np.eye(CLASSES)[truth]
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    decided = (probabilities * [1, 1, 1.5]).argmax(axis=1)
    return truth, probabilities.astype(np.float32), decided


def test_figures_are_those_of_scikit_learn_inside_their_intervals(answered):
    truth, _, decided = answered

    found = figures_of(truth, decided, CLASSES)

    assert found.accuracy.value == accuracy_score(truth, decided)
    assert found.macro_f1.value == pytest.approx(f1_score(truth, decided, average="macro"))
    assert (found.confusion == confusion_matrix(truth, decided)).all()
    expected = precision_recall_fscore_support(truth, decided)
    for of, precision, recall, f1, support in zip(found.classes, *expected, strict=True):
        values = (of.precision.value, of.recall.value, of.f1.value, of.support)
        assert values == pytest.approx((precision, recall, f1, support))
    estimates = [found.accuracy, found.macro_f1]
    estimates += [each for of in found.classes for each in (of.precision, of.recall, of.f1)]
    assert all(0 <= each.low < each.value < each.high <= 1 for each in estimates)
    # The rarest class is known worst.
    widths = [of.f1.high - of.f1.low for of in found.classes]
    assert widths == sorted(widths)


def test_a_class_without_texts_has_no_recall_and_one_that_is_never_named_no_precision():
    found = figures_of(np.array([0, 0, 1]), np.array([0, 2, 0]), 3)

    assert found.classes[2].recall is None and found.classes[2].precision.value == 0
    assert found.classes[1].precision is None and found.classes[1].recall.value == 0


def test_calibration_is_that_of_the_evaluator(answered):
    truth, probabilities, _ = answered

    right = probabilities.argmax(axis=1) == truth
    found = reliability_of(probabilities.max(axis=1), right)
    loss = log_loss_of(probabilities, truth)

    assert found.ece.value == pytest.approx(expected_calibration_error(probabilities, truth))
    scaled = probabilities / probabilities.sum(axis=1, keepdims=True)
    assert found.ece.low < found.ece.value < found.ece.high
    assert loss.value == pytest.approx(log_loss(truth, scaled), abs=1e-5)
    assert sum(each.examples for each in found.bins) == ROWS
    assert all(each.low < each.confidence <= each.high for each in found.bins)
    assert loss.low < loss.value < loss.high
    assert reliability_of(np.zeros(0), np.zeros(0, bool)) is None


def test_the_area_below_a_curve_is_the_average_precision(answered):
    truth, probabilities, _ = answered
    # Many texts share a probability, as those of n-grams do.
    scores = probabilities[:, 1].round(2)

    curve = precision_recall(scores, truth == 1)

    expected = average_precision_score(truth == 1, scores)
    assert curve.average_precision == pytest.approx(expected)
    assert curve.prevalence == (truth == 1).mean()
    assert len(curve.recall) <= 200 and curve.recall[-1] == 1
    assert (np.diff(curve.recall) > 0).all() and curve.recall[0] > 0
    assert precision_recall(scores, np.zeros(ROWS, bool)) is None


def test_slices_with_most_texts_come_first_and_the_others_are_counted():
    values = np.array([["shoes", "coats", None][row % 8 % 3] for row in range(ROWS)], object)

    found, left_out = rows_of_values(values, most=2)

    assert [value for value, _ in found] == ["shoes", "coats"] and left_out == 1
    for value, rows in found:
        assert rows.tolist() == np.flatnonzero(values == value).tolist()


def test_what_a_model_believes_least_comes_first(answered):
    truth, probabilities, decided = answered
    wrong = np.flatnonzero(decided != truth)

    found = worst_first(probabilities, truth, wrong)

    believed = probabilities[found, truth[found]]
    assert sorted(found) == wrong.tolist() and (np.diff(believed) >= 0).all()


def test_the_true_figure_is_in_its_interval_in_19_of_20_cases():
    random = np.random.default_rng(1)
    # Of all texts that there could be.
    shares = np.array([[97, 28, 5], [16, 51, 13], [5, 13, 102]]) / 330
    f1s = 2 * np.diag(shares) / (shares.sum(axis=0) + shares.sum(axis=1))
    held = []
    for _ in range(150):
        truth, decided = np.divmod(random.choice(9, size=330, p=shares.ravel()), 3)
        found = figures_of(truth, decided, 3)
        true = {found.accuracy: np.trace(shares), found.macro_f1: f1s.mean()}
        true[found.classes[1].f1] = f1s[1]
        held.append([of.low <= value <= of.high for of, value in true.items()])

    assert (np.mean(held, axis=0) > 0.9).all()
