from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reviewlens.models.calibration import fit_temperature, softmax
from reviewlens.models.metrics import expected_calibration_error


def log_loss(logits, labels, temperature):
    return -np.log(softmax(logits / temperature)[np.arange(len(labels)), labels]).mean()


def overconfident(rows: int, factor: float, seed: int = 0):
    """Logits whose labels are drawn from softmax(logits / factor)."""
    random = np.random.default_rng(seed)
    logits = random.normal(0, 2, (rows, 3))
    labels = np.array([random.choice(3, p=p) for p in softmax(logits)])
    return logits * factor, labels


@pytest.mark.parametrize("factor", [0.5, 1.0, 3.0])
def test_finds_the_temperature_the_labels_were_drawn_with(factor):
    logits, labels = overconfident(5000, factor)
    assert fit_temperature(logits, labels) == pytest.approx(factor, rel=0.1)


def test_scaling_calibrates():
    logits, labels = overconfident(5000, 3.0)
    fresh_logits, fresh_labels = overconfident(5000, 3.0, seed=1)
    temperature = fit_temperature(logits, labels)
    before = expected_calibration_error(softmax(fresh_logits), fresh_labels)
    after = expected_calibration_error(softmax(fresh_logits / temperature), fresh_labels)
    assert before > 0.1
    assert after < 0.02


@given(st.integers(1, 60), st.integers(2, 4), st.integers(0, 2**32 - 1))
@settings(deadline=None)
def test_no_other_temperature_has_less_log_loss(rows, classes, seed):
    random = np.random.default_rng(seed)
    logits, labels = random.normal(0, 3, (rows, classes)), random.integers(0, classes, rows)
    temperature = fit_temperature(logits, labels)
    assert 0.05 <= temperature <= 20
    least = log_loss(logits, labels, temperature)
    for other in np.geomspace(0.05, 20, 40):
        assert least <= log_loss(logits, labels, other) + 1e-9


@pytest.mark.parametrize("rows", [0, 1, 5])
def test_logits_that_say_nothing_leave_the_temperature_alone(rows):
    assert fit_temperature(np.zeros((rows, 3)), np.zeros(rows, int)) == 1.0
