from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reviewlens.models.arrays import softmax
from reviewlens.models.tasks import calibration
from reviewlens.models.tasks.calibration import Calibration
from reviewlens.models.tasks.text_classification.metrics import expected_calibration_error


def log_loss(logits, labels, fitted, counting=None):
    likely = fitted.probabilities(logits)[np.arange(len(labels)), labels]
    return -np.average(np.log(np.maximum(likely, 1e-300)), weights=counting)


def miscalibrated(rows: int, factor: float, biases=(0.0, 0.0, 0.0), seed: int = 0):
    """Logits whose labels are drawn from softmax(logits / factor + biases)."""
    random = np.random.default_rng(seed)
    logits = random.normal(0, 2, (rows, 3))
    labels = np.array([random.choice(3, p=p) for p in softmax(logits + np.array(biases))])
    return logits * factor, labels


@pytest.mark.parametrize("factor", [0.5, 1.0, 3.0])
@pytest.mark.parametrize("biases", [(0.0, 0.0, 0.0), (1.0, -1.5, 0.5)])
def test_finds_what_the_labels_were_drawn_with(factor, biases):
    fitted = Calibration.fit(*miscalibrated(5000, factor, biases))
    assert fitted.temperature == pytest.approx(factor, rel=0.1)
    assert fitted.biases == pytest.approx(biases, abs=0.15)


@pytest.mark.parametrize("biases", [(0.0, 0.0, 0.0), (1.0, -1.5, 0.5)])
def test_it_calibrates_fresh_reviews(biases):
    fitted = Calibration.fit(*miscalibrated(5000, 3.0, biases))
    logits, labels = miscalibrated(5000, 3.0, biases, seed=1)
    before = expected_calibration_error(softmax(logits), labels)
    after = expected_calibration_error(fitted.probabilities(logits), labels)
    assert before > 0.1
    assert after < 0.025


def mean_norm(logits, fitted):
    """That of the logits as they are calibrated, but for the biases."""
    norms = np.linalg.norm(logits - logits.mean(axis=1, keepdims=True), axis=1)
    return (norms / fitted.temperature + fitted.stretch * norms**2).mean()


def objective(logits, labels, fitted, counting=None):
    """Log loss of all rows, and once what speaks against unusual numbers."""
    scale = mean_norm(logits, fitted) / 2
    biases = np.square(fitted.biases).sum()
    unusual = 3 * (scale - np.log(scale)) + (fitted.stretch / 0.1) ** 2 / 2
    unusual += biases / 0.6**2 / 2
    loss = log_loss(logits, labels, fitted, counting)
    return len(labels) * (loss + 1e-3 / 2 * biases) + unusual


@given(st.integers(1, 60), st.integers(2, 4), st.booleans(), st.integers(0, 2**32 - 1))
@settings(derandomize=True, max_examples=120, deadline=None)
def test_nothing_near_it_or_far_is_better(rows, classes, known, seed):
    random = np.random.default_rng(seed)
    logits, labels = random.normal(0, 3, (rows, classes)), random.integers(0, classes, rows)
    shares, counting = None, None
    if known:
        shares = random.dirichlet(np.ones(classes))
        there = np.bincount(labels, minlength=classes)
        counting = ((rows * shares + 1) / (there + 1))[labels]
    fitted = Calibration.fit(logits, labels, shares)
    assert 0.05 <= fitted.temperature <= 20
    least = objective(logits, labels, fitted, counting)
    scaled = [
        Calibration(other, fitted.biases, stretch)
        for other in np.geomspace(0.05, 20, 20)
        for stretch in (0.0, fitted.stretch, 0.1)
    ]
    shifts = random.normal(0, 0.3, (20, classes))
    shifted = [
        Calibration(fitted.temperature, tuple(np.add(fitted.biases, shift)), fitted.stretch)
        for shift in shifts
    ]
    for other in scaled + shifted:
        assert least <= objective(logits, labels, other, counting) + 1e-6


def test_known_shares_of_the_classes_make_up_for_rows_that_have_others():
    logits, labels = miscalibrated(20_000, 2.0, (0.5, -0.5, 0.0))
    fresh, found = (logits[:10_000], labels[:10_000]), (logits[10_000:], labels[10_000:])
    shares = np.bincount(labels) / len(labels)
    # Half as many rows of the first class as there should be, and twice as many of the last.
    random = np.random.default_rng(1)
    taken = random.random(10_000) < np.array([0.25, 0.5, 1.0])[found[1]]
    fitted = Calibration.fit(found[0][taken], found[1][taken], shares)
    ignorant = Calibration.fit(found[0][taken], found[1][taken])
    assert fitted.probabilities(fresh[0]).mean(axis=0) == pytest.approx(shares, abs=0.01)
    assert np.abs(ignorant.probabilities(fresh[0]).mean(axis=0) - shares).max() > 0.1
    assert log_loss(*fresh, fitted) < log_loss(*fresh, ignorant) - 0.03


@pytest.mark.parametrize("rows", [40, 100])
def test_known_shares_help_where_there_are_few_rows(rows):
    fresh = miscalibrated(5000, 1.5, seed=1000)
    shares = np.bincount(fresh[1]) / len(fresh[1])
    losses = []
    for seed in range(30):
        few = miscalibrated(rows, 1.5, seed=seed)
        fits = Calibration.fit(*few), Calibration.fit(*few, shares)
        losses.append([log_loss(*fresh, fitted) for fitted in fits])
    without, with_them = np.mean(losses, axis=0)
    assert with_them < without


def test_a_class_that_no_row_has_and_a_lonely_row_make_nothing_certain():
    logits = np.random.default_rng(2).normal(size=(30, 3))
    labels = np.array([0] * 29 + [1])
    probabilities = Calibration.fit(logits, labels, np.array([0.3, 0.4, 0.3])).probabilities(logits)
    assert probabilities.min() > 0.01 and probabilities.max() < 0.99


@pytest.mark.parametrize("rows", [0, 1, 5])
def test_logits_that_say_nothing_leave_the_temperature_alone(rows):
    fitted = Calibration.fit(np.zeros((rows, 3)), np.arange(rows) % 3)
    assert fitted.temperature == 1.0
    assert np.isfinite(fitted.biases).all()


@pytest.mark.parametrize("rows", [9, 30, 83, 279])
def test_rows_that_are_all_named_right_make_nothing_certain(rows):
    random = np.random.default_rng(rows)
    labels = random.integers(0, 3, rows)
    fitted = Calibration.fit(3.5 * np.eye(3)[labels] + random.normal(0, 0.3, (rows, 3)), labels)
    assert 0.5 < fitted.temperature < 1.5
    # A text unlike those: its logits say little, and so do its probabilities.
    assert fitted.probabilities(np.array([[0.2, -0.1, 1.0]])).max() < 0.85


@pytest.mark.parametrize("factor", [3.0, 0.5])
def test_a_few_rows_say_how_certain_to_be_whatever_the_logits_are(factor):
    apart = []
    for seed in range(20):
        logits, labels = miscalibrated(40, factor, seed=seed)
        fitted = Calibration.fit(logits, labels).probabilities(logits)
        right = Calibration.fit(logits / factor, labels).probabilities(logits / factor)
        apart.append(np.abs(fitted - right).mean())
    assert np.mean(apart) < 0.02


@pytest.mark.parametrize("norm", [0.5, 8.0])
def test_a_few_rows_move_it_part_of_the_way(norm):
    norms = []
    for seed in range(20):
        random = np.random.default_rng(seed)
        logits = random.normal(0, norm / 2**0.5, (40, 3))
        labels = np.array([random.choice(3, p=p) for p in softmax(logits)])
        norms.append(mean_norm(logits, Calibration.fit(logits, labels)))
    # From the usual norm of 2, more than half the way.
    assert min(2, norm) < np.mean(norms) < max(2, norm)
    assert abs(np.log(np.mean(norms) / 2)) > abs(np.log(norm / 2)) / 2


@pytest.mark.parametrize("biases", [(0.0, 0.0, 0.0), (1.0, -1.5, 0.5)])
def test_thousands_of_rows_decide_alone(biases, monkeypatch):
    logits, labels = miscalibrated(5000, 2.0, biases)
    fitted = Calibration.fit(logits, labels).probabilities(logits)
    monkeypatch.setattr(calibration, "_USUAL_NORM_ROWS", 0.0)
    monkeypatch.setattr(calibration, "_USUAL_BIAS", 1e6)
    alone = Calibration.fit(logits, labels).probabilities(logits)
    assert np.abs(fitted - alone).max() < 0.003


def test_what_is_expected_helps_where_there_are_few_rows(monkeypatch):
    def loss_on_fresh_rows():
        fresh = miscalibrated(2000, 1.5, seed=1000)
        fits = [Calibration.fit(*miscalibrated(40, 1.5, seed=seed)) for seed in range(20)]
        return np.mean([log_loss(*fresh, fitted) for fitted in fits])

    with_it = loss_on_fresh_rows()
    monkeypatch.setattr(calibration, "_USUAL_NORM_ROWS", 0.0)
    monkeypatch.setattr(calibration, "_USUAL_BIAS", 1e6)
    assert with_it < loss_on_fresh_rows() - 0.005


def test_logits_that_saturate_are_stretched():
    random = np.random.default_rng(5)
    logits = random.normal(size=(4000, 3))
    centered = logits - logits.mean(axis=1, keepdims=True)
    grown = centered * (1 + np.linalg.norm(centered, axis=1, keepdims=True))
    truth = softmax(grown)
    labels = (truth.cumsum(axis=1) > random.random((4000, 1))).argmax(axis=1)
    fitted = Calibration.fit(logits, labels)
    assert fitted.stretch > 0.3
    assert np.abs(fitted.probabilities(logits) - truth).mean() < 0.02


@pytest.mark.parametrize("rows", [1, 3, 30])
def test_a_stretch_never_reverses_an_order_and_stays_small_on_few_rows(rows):
    random = np.random.default_rng(6)
    logits = random.normal(size=(rows, 3))
    fitted = Calibration.fit(logits, random.integers(0, 3, rows))
    assert 0 <= fitted.stretch < 0.5
