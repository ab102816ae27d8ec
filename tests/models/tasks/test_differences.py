from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from reviewlens.models.tasks.differences import Difference, binomial_tail


@given(st.integers(0, 400), st.integers(0, 400), st.floats(0.001, 0.999))
@settings(derandomize=True, max_examples=100, deadline=None)
def test_the_tail_is_that_of_scipy(first, second, probability):
    count, trials = sorted((first, second))
    expected = binom.sf(count - 1, trials, probability)
    assert binomial_tail(count, trials, probability) == pytest.approx(expected, rel=1e-9)


def test_the_tail_of_many_trials():
    assert binomial_tail(501_000, 1_000_000, 0.5) == pytest.approx(0.0228, abs=2e-4)
    assert binomial_tail(900_000, 1_000_000, 0.5) == 0


def test_a_difference_is_certain_where_zero_is_outside_of_its_interval():
    assert Difference(0.02, 0.01, 0.03, 0.005).is_certain
    assert Difference(-0.02, -0.03, -0.01, 0.005).is_certain
    assert not Difference(0.02, 0.0, 0.04, 0.01).is_certain
