from __future__ import annotations

import numpy as np
import pytest
import sklearn.metrics
from hypothesis import given
from hypothesis import strategies as st

from reviewlens.models.tasks.text_classification.metrics import (
    classification_report,
    confusion_matrix,
    expected_calibration_error,
    macro_f1,
)

pairs = st.integers(2, 5).flatmap(
    lambda classes: st.tuples(
        st.just(classes),
        st.lists(st.tuples(st.integers(0, classes - 1), st.integers(0, classes - 1)), min_size=1),
    )
)


@given(pairs)
def test_figures_equal_those_of_scikit_learn(case):
    classes, rows = case
    labels, predictions = np.array(rows).T
    names = [f"class {index}" for index in range(classes)]
    report = classification_report(np.eye(classes)[predictions], predictions, labels, names)
    precision, recall, f1, support = sklearn.metrics.precision_recall_fscore_support(
        labels, predictions, labels=range(classes), zero_division=0
    )
    assert report["macro_f1"] == pytest.approx(f1.mean())
    assert macro_f1(labels, predictions, classes) == pytest.approx(f1.mean())
    assert report["accuracy"] == pytest.approx(sklearn.metrics.accuracy_score(labels, predictions))
    for index, name in enumerate(names):
        of_class = report["per_class"][name]
        assert of_class["precision"] == pytest.approx(precision[index])
        assert of_class["recall"] == pytest.approx(recall[index])
        assert of_class["f1"] == pytest.approx(f1[index])
        assert of_class["support"] == support[index]
    assert (
        confusion_matrix(labels, predictions, classes)
        == sklearn.metrics.confusion_matrix(labels, predictions, labels=range(classes))
    ).all()


def test_calibration_error_by_hand():
    # Two bins: three rows at 0.9 of which two are right, one row at 0.6 that is right.
    probabilities = np.array([[0.9, 0.1], [0.1, 0.9], [0.9, 0.1], [0.6, 0.4]])
    labels = np.array([0, 1, 1, 0])
    expected = 3 / 4 * abs(0.9 - 2 / 3) + 1 / 4 * abs(0.6 - 1)
    assert expected_calibration_error(probabilities, labels) == pytest.approx(expected)


def test_the_log_loss_is_that_of_scikit_learn():
    random = np.random.default_rng(0)
    probabilities, labels = random.dirichlet(np.ones(3), 50), random.integers(0, 3, 50)
    report = classification_report(probabilities, labels, labels, ["a", "b", "c"])
    assert report["log_loss"] == pytest.approx(sklearn.metrics.log_loss(labels, probabilities))
    nothing = classification_report(np.zeros((0, 2)), labels[:0], labels[:0], ["a", "b"])
    assert nothing["log_loss"] == 0


def test_bins_are_closed_above():
    # 0.6 ends the ninth of fifteen bins, 0.61 is in the tenth; apart, their gaps do not cancel.
    probabilities = np.array([[0.6, 0.4], [0.61, 0.39]])
    labels = np.array([0, 1])
    assert expected_calibration_error(probabilities, labels) == pytest.approx((0.4 + 0.61) / 2)
    assert expected_calibration_error(probabilities, labels, bins=1) == pytest.approx(0.105)


@given(st.integers(0, 200), st.integers(0, 2**32 - 1))
def test_calibration_error_is_a_share_and_sees_certainty(rows, seed):
    random = np.random.default_rng(seed)
    labels = random.integers(0, 3, rows)
    probabilities = random.dirichlet(np.ones(3), rows)
    assert 0 <= expected_calibration_error(probabilities, labels) <= 1
    assert expected_calibration_error(np.eye(3)[labels], labels) == 0
    if rows:
        assert expected_calibration_error(np.eye(3)[(labels + 1) % 3], labels) == 1
