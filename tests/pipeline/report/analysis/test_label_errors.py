"""Confident learning, held against an example that was worked out by hand, and a planted fault."""

from __future__ import annotations

import numpy as np
import pytest

from reviewlens.pipeline.report.analysis.label_errors import find_label_errors


def test_the_worked_example():
    of_first = [0.9, 0.8, 0.7, 0.2, 0.55]
    of_second = [0.9, 0.6, 0.3]
    rows = [(p, 1 - p) for p in of_first] + [(1 - p, p) for p in of_second]

    found = find_label_errors(np.array(rows), np.array([0] * 5 + [1] * 3))

    # (0.9 + 0.8 + 0.7 + 0.2 + 0.55) / 5 and (0.9 + 0.6 + 0.3) / 3.
    assert found.thresholds == pytest.approx([0.63, 0.6])
    # The fourth is 0.8 of the second class; the last one 0.7 of the first.
    assert found.rows.tolist() == [3, 7]
    assert found.suggested.tolist() == [1, 0]
    assert found.margins == pytest.approx([-0.6, -0.4])
    # Of the fifth nothing is sure: four stand for five. [[3, 1], [1, 2]] before.
    assert found.joint == pytest.approx(np.array([[3.75, 1.25], [1, 2]]))
    assert found.estimated == pytest.approx(2.25)


def test_of_several_classes_that_are_likely_enough_the_likeliest_counts():
    probabilities = np.array([[0.3, 0.4, 0.3], [0.2, 0.3, 0.5], [0.3, 0.3, 0.4], [0.3, 0.36, 0.34]])

    found = find_label_errors(probabilities, np.array([0, 1, 2, 2]))

    # Thresholds 0.3, 0.3 and 0.37.
    assert found.rows.tolist() == [1, 0, 3]
    assert found.suggested.tolist() == [2, 1, 1]


def test_labels_that_were_swapped_are_found_first():
    random = np.random.default_rng(3)
    truth = random.integers(3, size=3000)
    logits = random.normal(size=(3000, 3)) + 4 * np.eye(3)[truth]
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    swapped = random.permutation(3000)[:150]
    labels = truth.copy()
    labels[swapped] = (truth[swapped] + 1) % 3

    found = find_label_errors(probabilities, labels)

    first = set(found.rows[:150].tolist())
    assert len(first & set(swapped.tolist())) > 110
    assert 130 < found.estimated < 220
    right = np.isin(found.rows, swapped)
    assert (found.suggested == truth[found.rows])[right].mean() > 0.95


def test_without_texts_or_with_a_class_that_has_none_nothing_is_wrong():
    nothing = find_label_errors(np.zeros((0, 3)), np.zeros(0, int))
    two = find_label_errors(np.array([[0.5, 0.1, 0.4], [0.2, 0.1, 0.7]]), np.array([0, 2]))

    assert len(nothing.rows) == 0 and nothing.estimated == 0
    assert len(two.rows) == 0 and np.isnan(two.thresholds[1])
