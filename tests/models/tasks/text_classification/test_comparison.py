"""Two classifiers on one split: the interval holds the truth, and the test knows chance."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import sklearn.metrics
from scipy.stats import binomtest

from reviewlens.models.arrays import softmax
from reviewlens.models.tasks.differences import Difference
from reviewlens.models.tasks.text_classification.comparison import (
    Disagreement,
    Judged,
    compare,
    disagreement,
)

FIGURES = "accuracy", "macro_f1", "log_loss"


def judged(logits: np.ndarray) -> Judged:
    probabilities = softmax(logits)
    return Judged(probabilities, probabilities.argmax(axis=1))


def pair(rows: int, seed: int) -> tuple[Judged, Judged, np.ndarray]:
    """A better and a worse classifier that err on the same texts more often than not."""
    random = np.random.default_rng(seed)
    labels = random.choice(3, rows, p=[0.15, 0.25, 0.6])
    shared = 1.4 * np.eye(3)[labels] + random.normal(0, 0.9, (rows, 3))
    better, worse = (shared + random.normal(0, noise, (rows, 3)) for noise in (0.4, 0.7))
    return judged(better), judged(worse), labels


def test_the_values_are_the_differences_of_the_figures():
    better, worse, labels = pair(500, seed=0)
    differences = compare(better, worse, labels, 3)
    assert tuple(differences) == FIGURES
    for name, figure in [
        ("accuracy", lambda of: sklearn.metrics.accuracy_score(labels, of.decided)),
        ("macro_f1", lambda of: sklearn.metrics.f1_score(labels, of.decided, average="macro")),
        ("log_loss", lambda of: sklearn.metrics.log_loss(labels, of.probabilities)),
    ]:
        assert differences[name].value == pytest.approx(figure(better) - figure(worse))
        assert differences[name].low < differences[name].value < differences[name].high


@pytest.mark.parametrize("rows", [150, 1500])
def test_the_interval_holds_the_truth_in_95_of_100_splits(rows):
    truth = compare(*pair(400_000, seed=1), 3, samples=2)
    trials = 300
    held = dict.fromkeys(FIGURES, 0)
    for seed in range(trials):
        for name, found in compare(*pair(rows, seed=100 + seed), 3, samples=400).items():
            held[name] += found.low <= truth[name].value <= found.high
    # Three standard deviations of the count of 300 trials, and a percent for the bootstrap.
    assert all(0.90 <= count / trials <= 0.985 for count in held.values()), held


def test_the_standard_error_is_how_far_other_splits_are_off():
    found = [compare(*pair(300, seed=seed), 3, samples=300) for seed in range(200)]
    for name in FIGURES:
        spread = np.std([of[name].value for of in found])
        assert np.mean([of[name].standard_error for of in found]) == pytest.approx(spread, rel=0.15)


def test_classifiers_that_say_the_same_do_not_differ():
    better, _, labels = pair(50, seed=2)
    for difference in compare(better, better, labels, 3).values():
        assert dataclasses.astuple(difference) == (0, 0, 0, 0)


def test_same_arguments_same_numbers_and_other_draws_nearly_the_same():
    better, worse, labels = pair(800, seed=3)
    found = compare(better, worse, labels, 3)
    assert compare(better, worse, labels, 3) == found
    other = compare(better, worse, labels, 3, seed=1)
    for name in FIGURES:
        width = found[name].high - found[name].low
        assert other[name].low == pytest.approx(found[name].low, abs=0.1 * width)


def test_groups_of_texts_give_the_interval_of_single_ones(monkeypatch):
    better, worse, labels = pair(12_000, seed=4)
    alone = compare(better, worse, labels, 3)["log_loss"]
    monkeypatch.setattr("reviewlens.models.tasks.differences._GROUPS", 700)
    grouped = compare(better, worse, labels, 3)["log_loss"]
    width = alone.high - alone.low
    assert grouped.value == alone.value
    assert grouped.high - grouped.low == pytest.approx(width, rel=0.15)


def test_one_text_and_classes_that_do_not_occur_are_judged_too():
    right, wrong = judged(np.array([[3.0, 0.0, 0.0]])), judged(np.array([[0.0, 3.0, 0.0]]))
    found = compare(right, wrong, np.array([0]), 3)
    assert found["accuracy"].value == found["accuracy"].low == 1
    assert found["macro_f1"].value == pytest.approx(1 / 3)
    assert found["log_loss"].value == pytest.approx(-3)


def test_no_texts_are_refused():
    nothing = Judged(np.zeros((0, 3)), np.zeros(0, int))
    with pytest.raises(ValueError, match="no texts"):
        compare(nothing, nothing, np.zeros(0, int), 3)


def test_a_class_taken_for_impossible_costs_a_finite_loss():
    sure = Judged(np.array([[1.0, 0.0]]), np.array([0]))
    assert compare(sure, judged(np.zeros((1, 2))), np.array([1]), 2)["log_loss"].value < 16


def test_only_texts_that_one_alone_names_right_are_counted():
    labels = np.array([0, 0, 1, 1, 2, 2])
    first, second = np.array([0, 0, 1, 0, 0, 1]), np.array([0, 1, 0, 1, 1, 0])
    assert disagreement(first, second, labels) == Disagreement(gained=2, lost=1)


@pytest.mark.parametrize(("gained", "lost"), [(0, 0), (0, 1), (0, 5), (0, 6), (9, 3), (40, 60)])
def test_the_p_value_is_that_of_the_sign_test(gained, lost):
    both = gained + lost
    expected = binomtest(gained, both).pvalue if both else 1.0
    assert Disagreement(gained, lost).p_value == pytest.approx(expected)


def test_many_texts_of_many_classes_take_no_more_memory_than_few():
    random = np.random.default_rng(5)
    labels = random.integers(0, 60, 40_000)
    decided = np.where(random.random((2, 40_000)) < 0.5, labels, random.integers(0, 60, 40_000))
    flat = np.full((40_000, 60), 1 / 60)
    found = compare(Judged(flat, decided[0]), Judged(flat, decided[1]), labels, 60, samples=200)
    accuracies = (decided == labels).mean(axis=1)
    assert found["accuracy"].value == pytest.approx(accuracies[0] - accuracies[1])
    assert found["log_loss"] == Difference(0, 0, 0, 0)
