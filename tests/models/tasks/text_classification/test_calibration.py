from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reviewlens.models.tasks.arrays import softmax
from reviewlens.models.tasks.text_classification.calibration import Calibration
from reviewlens.models.tasks.text_classification.metrics import expected_calibration_error


def log_loss(logits, labels, calibration):
    likely = calibration.probabilities(logits)[np.arange(len(labels)), labels]
    return -np.log(np.maximum(likely, 1e-300)).mean()


def miscalibrated(rows: int, factor: float, biases=(0.0, 0.0, 0.0), seed: int = 0):
    """Logits whose labels are drawn from softmax(logits / factor + biases)."""
    random = np.random.default_rng(seed)
    logits = random.normal(0, 2, (rows, 3))
    labels = np.array([random.choice(3, p=p) for p in softmax(logits + np.array(biases))])
    return logits * factor, labels


@pytest.mark.parametrize("factor", [0.5, 1.0, 3.0])
@pytest.mark.parametrize("biases", [(0.0, 0.0, 0.0), (1.0, -1.5, 0.5)])
def test_finds_what_the_labels_were_drawn_with(factor, biases):
    calibration = Calibration.fit(*miscalibrated(5000, factor, biases))
    assert calibration.temperature == pytest.approx(factor, rel=0.1)
    assert calibration.biases == pytest.approx(biases, abs=0.15)


@pytest.mark.parametrize("biases", [(0.0, 0.0, 0.0), (1.0, -1.5, 0.5)])
def test_it_calibrates_fresh_reviews(biases):
    calibration = Calibration.fit(*miscalibrated(5000, 3.0, biases))
    logits, labels = miscalibrated(5000, 3.0, biases, seed=1)
    before = expected_calibration_error(softmax(logits), labels)
    after = expected_calibration_error(calibration.probabilities(logits), labels)
    assert before > 0.1
    assert after < 0.025


@given(st.integers(1, 60), st.integers(2, 4), st.integers(0, 2**32 - 1))
@settings(deadline=None)
def test_nothing_near_it_or_far_has_much_less_log_loss(rows, classes, seed):
    random = np.random.default_rng(seed)
    logits, labels = random.normal(0, 3, (rows, classes)), random.integers(0, classes, rows)
    fitted = Calibration.fit(logits, labels)
    assert 0.05 <= fitted.temperature <= 20
    least = log_loss(logits, labels, fitted)
    scaled = [Calibration(other, fitted.biases) for other in np.geomspace(0.05, 20, 40)]
    shifts = random.normal(0, 0.3, (20, classes))
    shifted = [
        Calibration(fitted.temperature, tuple(np.add(fitted.biases, shift))) for shift in shifts
    ]
    for other in scaled + shifted:
        # Large biases are held back, which costs a little log loss.
        slack = 1e-3 / 2 * np.square(other.biases).sum()
        assert least <= log_loss(logits, labels, other) + slack + 1e-6


@pytest.mark.parametrize("rows", [0, 1, 5])
def test_logits_that_say_nothing_leave_the_temperature_alone(rows):
    calibration = Calibration.fit(np.zeros((rows, 3)), np.arange(rows) % 3)
    assert calibration.temperature == 1.0
    assert np.isfinite(calibration.biases).all()


def test_perfectly_separated_classes_get_finite_numbers():
    labels = np.arange(60) % 3
    calibration = Calibration.fit(np.eye(3)[labels] * 9, labels)
    assert calibration.temperature >= 0.05
    assert np.isfinite(calibration.biases).all()


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
