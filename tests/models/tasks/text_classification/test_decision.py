from __future__ import annotations

import json

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from reviewlens.models.tasks.calibration import Calibration
from reviewlens.models.tasks.text_classification.decision import Decision, decide, tune_offsets
from reviewlens.models.tasks.text_classification.metrics import macro_f1


def lopsided(rows: int, seed: int):
    """Logits and labels of three classes of which the last has three quarters."""
    random = np.random.default_rng(seed)
    labels = random.choice(3, rows, p=[0.12, 0.13, 0.75])
    signal = 1.2 * np.eye(3)[labels] + random.normal(0, 1, (rows, 3))
    return signal + np.log([0.12, 0.13, 0.75]), labels


def test_tuned_decisions_raise_macro_f1_on_reviews_they_were_not_tuned_on():
    logits, labels = lopsided(3000, seed=0)
    fresh_logits, fresh_labels = lopsided(3000, seed=1)
    for_f1 = Decision.fit(logits, labels, "macro_f1")
    for_accuracy = Decision.fit(logits, labels, "accuracy")
    tuned = macro_f1(fresh_labels, for_f1.decided(fresh_logits), 3)
    plain = macro_f1(fresh_labels, for_accuracy.decided(fresh_logits), 3)
    assert tuned > plain + 0.02
    assert for_accuracy.offsets == (0, 0, 0)
    assert for_f1.calibration == for_accuracy.calibration


def test_accuracy_takes_the_most_probable_class():
    logits, labels = lopsided(500, seed=2)
    fitted = Decision.fit(logits, labels, "accuracy")
    assert (fitted.decided(logits) == fitted.probabilities(logits).argmax(axis=1)).all()


def test_probabilities_do_not_depend_on_the_offsets():
    logits, _ = lopsided(20, seed=3)
    calibration = Calibration(2.0, (0.1, 0.2, -0.3))
    plain, shifted = Decision(calibration, (0, 0, 0)), Decision(calibration, (3, -1, -2))
    assert (plain.probabilities(logits) == shifted.probabilities(logits)).all()
    assert np.allclose(plain.probabilities(logits).sum(axis=1), 1)


def expected_macro_f1(probabilities, offsets):
    """By its definition: every review is of every class, in the measure of its probability."""
    rows, classes = probabilities.shape
    truths, weights = np.tile(np.arange(classes), rows), probabilities.ravel()
    named = np.repeat(decide(probabilities, offsets), classes)
    return f1_score(truths, named, average="macro", sample_weight=weights, zero_division=0)


def expected_accuracy(probabilities, offsets):
    return probabilities[np.arange(len(probabilities)), decide(probabilities, offsets)].mean()


@pytest.mark.parametrize("decide_for", ["macro_f1", "both"])
@given(st.integers(1, 30), st.integers(2, 3), st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=30)
def test_search_beats_a_grid_over_the_first_class(decide_for, rows, classes, seed):
    random = np.random.default_rng(seed)
    probabilities = random.dirichlet(np.ones(classes), rows)

    def expected(offsets):
        accuracy = expected_accuracy(probabilities, offsets) if decide_for == "both" else 0
        return expected_macro_f1(probabilities, offsets) + 2 * accuracy

    reached = expected(tune_offsets(probabilities, decide_for))
    # The first class is searched first and from zero; what follows can only raise the score.
    for shift in np.linspace(-2, 2, 9):
        assert reached >= expected(shift * np.eye(classes)[0]) - 1e-9


def test_both_lies_between_macro_f1_and_accuracy_where_a_rare_class_is_hard_to_tell():
    def reviews(rows, seed):
        random = np.random.default_rng(seed)
        shares = np.array([0.42, 0.5, 0.08])
        labels = random.choice(3, rows, p=shares)
        signal = np.eye(3)[labels] * [1.5, 1.5, 0.5] + random.normal(0, 1, (rows, 3))
        return np.log(shares) + signal, labels

    fresh_logits, fresh_labels = reviews(20_000, seed=11)
    f1s, accuracies = [], []
    for decide_for in ("macro_f1", "both", "accuracy"):
        decided = Decision.fit(*reviews(1000, seed=10), decide_for).decided(fresh_logits)
        f1s.append(macro_f1(fresh_labels, decided, 3))
        accuracies.append((decided == fresh_labels).mean())
    assert f1s == sorted(f1s, reverse=True) and accuracies == sorted(accuracies)
    assert f1s[1] - f1s[2] > 3 * (f1s[0] - f1s[1])


def test_offsets_of_a_small_split_do_not_hang_on_one_row():
    logits, labels = lopsided(80, seed=8)
    fresh_logits, fresh_labels = lopsided(3000, seed=9)
    every = Decision.fit(logits, labels).decided(fresh_logits)
    for row in range(0, 80, 8):
        others = np.arange(80) != row
        without = Decision.fit(logits[others], labels[others]).decided(fresh_logits)
        assert (without == every).mean() > 0.95


@pytest.mark.parametrize("decide_for", ["macro_f1", "both"])
@pytest.mark.parametrize("rows", [25, 80])
def test_small_splits_serve_fresh_reviews_better_with_offsets_than_without(rows, decide_for):
    fresh_logits, fresh_labels = lopsided(3000, seed=9)

    def scores(decide_for):
        fits = [Decision.fit(*lopsided(rows, seed=100 + seed), decide_for) for seed in range(20)]
        return [macro_f1(fresh_labels, fitted.decided(fresh_logits), 3) for fitted in fits]

    with_offsets, without = scores(decide_for), scores("accuracy")
    assert np.mean(with_offsets) > np.mean(without) + (0.03 if decide_for == "macro_f1" else 0.02)
    assert np.std(with_offsets) < np.std(without)


@pytest.mark.parametrize("rows", [0, 1, 2])
def test_next_to_no_rows_give_finite_numbers(rows):
    fitted = Decision.fit(np.ones((rows, 3)), np.zeros(rows, int))
    assert np.isfinite(fitted.offsets).all() and np.isfinite(fitted.calibration.biases).all()
    assert fitted.offsets == (0, 0, 0) or rows


def test_ties_go_to_the_first_class():
    assert decide(np.full((1, 3), 1 / 3), np.zeros(3)).tolist() == [0]
    assert decide(np.full((1, 3), 1 / 3), np.array([0, 1, 1])).tolist() == [1]


def test_same_rows_same_offsets():
    logits, labels = lopsided(300, seed=4)
    assert Decision.fit(logits, labels) == Decision.fit(logits, labels)


def test_a_certain_classifier_stays_finite():
    probabilities = np.eye(3)[[0, 1, 2, 2]]
    offsets = tune_offsets(probabilities)
    assert np.abs(offsets).max() <= 4


def test_the_prior_are_the_shares_of_the_classes():
    logits, labels = lopsided(500, seed=5)
    fitted = Decision.fit(logits, labels)
    assert np.allclose(fitted.prior, np.bincount(labels) / 500, atol=0.01)
    assert sum(fitted.prior) == pytest.approx(1)
    # A class that the split does not have is not impossible.
    few = Decision.fit(np.zeros((2, 3)), np.array([0, 0]))
    assert few.prior == pytest.approx((0.6, 0.2, 0.2))
    # More may be known than these labels say.
    shares = np.array([0.2, 0.3, 0.5])
    known = Decision.fit(logits, labels, shares=shares)
    assert known.prior == (0.2, 0.3, 0.5)
    assert known.calibration == Calibration.fit(logits, labels, shares) != fitted.calibration
    assert Decision(Calibration(1.0, (0.0, 0.0)), (0.0, 0.0)).prior == (0.5, 0.5)


def test_a_blank_text_is_answered_by_the_prior_in_numpy_and_in_the_graph():
    logits, _ = lopsided(40, seed=6)
    decision = Decision(Calibration(2.0, (0.1, 0.2, -0.3)), (0.0, 0.6, 0.0), (0.2, 0.35, 0.45))
    is_blank = np.arange(40) % 3 == 0
    for given_logits, given_blanks, wrap in [
        (logits, is_blank, np.asarray),
        (tf.constant(logits, tf.float32), tf.constant(is_blank), lambda tensor: tensor.numpy()),
    ]:
        probabilities, decided = map(wrap, decision.answers(given_logits, given_blanks))
        assert np.allclose(probabilities[is_blank], decision.prior)
        assert (decided[is_blank] == 1).all()
        others = wrap(decision.probabilities(given_logits)), wrap(decision.decided(given_logits))
        assert (probabilities[~is_blank] == others[0][~is_blank]).all()
        assert (decided[~is_blank] == others[1][~is_blank]).all()


def test_a_decision_is_made_again_of_its_facts():
    fitted = Decision.fit(*lopsided(200, seed=7))
    assert Decision.from_facts(json.loads(json.dumps(fitted.facts()))) == fitted


@given(st.integers(0, 40), st.integers(2, 5), st.integers(0, 2**32 - 1), st.floats(0.01, 30))
@settings(derandomize=True, max_examples=60, deadline=None)
def test_the_graph_computes_what_was_fitted_in_numpy(rows, classes, seed, spread):
    random = np.random.default_rng(seed)
    logits = random.normal(0, spread, (rows, classes)).astype(np.float32)
    fitted = Decision.fit(logits, random.integers(0, classes, rows))
    graph = tf.function(lambda logits: (fitted.probabilities(logits), fitted.decided(logits)))
    probabilities, decided = graph(tf.constant(logits))
    assert probabilities.dtype == tf.float32 and decided.dtype == tf.int64
    exact = fitted.probabilities(logits)
    np.testing.assert_allclose(probabilities, exact, atol=5e-6)
    best_two = np.sort(np.log(np.maximum(exact, 1e-30)) + fitted.offsets, axis=1)[:, -2:]
    is_clear = best_two[:, 1] - best_two[:, 0] > 1e-3
    assert (decided.numpy() == fitted.decided(logits))[is_clear].all()
