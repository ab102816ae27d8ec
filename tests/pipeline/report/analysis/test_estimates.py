"""Intervals hold what they say, whatever they are drawn of."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest

from reviewlens.pipeline.report.analysis.estimates import of_counts, of_sums, rounded, share


@pytest.mark.parametrize(("hits", "of"), [(0, 7), (7, 7), (3, 10), (900, 1000)])
def test_a_share_has_wilsons_interval(hits, of):
    found = share(hits, of)

    expected = binomtest(hits, of).proportion_ci(method="wilson")
    assert found.value == hits / of
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-6)


@pytest.mark.parametrize("texts", [200, 5000])
def test_drawing_cells_or_texts_gives_the_interval_of_a_share(texts):
    right = np.arange(texts) % 5 > 0
    expected = share(right.sum(), texts)

    (cells,) = of_counts(np.bincount(right), lambda of: of[:, 1:] / of.sum(1)[:, None])
    each = np.stack([right, np.ones(texts)], axis=1)
    (sums,) = of_sums(each, lambda of: of[:, :1] / of[:, 1:])

    for found in (cells, sums):
        assert found.value == pytest.approx(0.8)
        assert found.low == pytest.approx(expected.low, abs=0.15 * (0.8 - expected.low))
        assert found.high == pytest.approx(expected.high, abs=0.15 * (expected.high - 0.8))


def test_the_same_counts_give_the_same_interval_and_plain_numbers():
    counts = np.array([30, 0, 12])

    def figure(of):
        return of[:, :1] / of.sum(axis=1, keepdims=True)

    assert of_counts(counts, figure) == of_counts(counts, figure)
    (found,) = of_counts(counts, figure)
    assert rounded(found)["value"] == 0.714286
    assert rounded(None) is None


def test_a_figure_that_draws_make_greater_stays_inside_of_its_interval():
    # Two equal cells: of none of the draws is the distance below 0.
    def distance(of):
        return np.abs(of[:, :1] - of[:, 1:]) / of.sum(axis=1, keepdims=True)

    (found,) = of_counts(np.array([50, 50]), distance)
    (centred,) = of_counts(np.array([50, 50]), distance, centred=True)

    assert found.high > centred.high > centred.value == centred.low == 0
