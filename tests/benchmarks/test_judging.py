"""The figures of `quality.py` and their intervals."""

from __future__ import annotations

import importlib

import numpy as np
import pytest

from reviewlens.models.tasks.text_classification.metrics import (
    expected_calibration_error,
    macro_f1,
)

CLASSES = 3


@pytest.fixture
def judging(scripts):
    return importlib.import_module("judging")


def answers(judging, random, *, right: float = 0.7, rows: np.ndarray | None = None):
    """Of a system that is right so often."""
    rows = np.arange(400) if rows is None else rows
    labels = np.random.default_rng(0).integers(CLASSES, size=10_000)[rows]
    probabilities = random.dirichlet(np.ones(CLASSES), len(rows))
    decided = np.where(random.random(len(rows)) < right, labels, (labels + 1) % CLASSES)
    return judging.Answers(rows, labels, probabilities, decided)


def test_figures_are_those_of_the_product(judging):
    given = answers(judging, np.random.default_rng(1))

    (figures,) = judging.judge({"ours": [given]}, CLASSES).values()

    right = given.probabilities[np.arange(400), given.labels]
    expected = {
        "macro_f1": macro_f1(given.labels, given.decided, CLASSES),
        "accuracy": np.mean(given.labels == given.decided),
        "log_loss": -np.log(right).mean(),
        "ece": expected_calibration_error(given.probabilities, given.labels),
    }
    for metric, value in expected.items():
        assert figures[metric].estimate.value == pytest.approx(value, abs=1e-5), metric


def test_the_interval_of_an_accuracy_is_that_of_its_rows(judging):
    given = answers(judging, np.random.default_rng(1))

    found = judging.judge({"ours": [given]}, CLASSES)["ours"]["accuracy"].estimate

    assert found.margin == pytest.approx(1.96 * np.sqrt(found.value * (1 - found.value) / 400), 0.1)


def test_intervals_of_means_over_seeds_cover(judging, monkeypatch):
    monkeypatch.setattr(judging, "DRAWS", 150)
    random = np.random.default_rng(2)
    covered = 0
    for _ in range(60):
        # Trainings differ, and each is tested on rows of its own, which overlap.
        seeds = []
        for right in random.normal(0.7, 0.05, size=3):
            rows = np.sort(random.choice(1000, 300, replace=False))
            seeds.append(answers(judging, random, right=right, rows=rows))
        found = judging.judge({"ours": seeds}, CLASSES)["ours"]["accuracy"].estimate
        covered += abs(found.value - 0.7) <= found.margin

    # Three seeds say little of how they differ: that is why it is not 57.
    assert covered >= 45


def test_differences_are_paired(judging):
    random = np.random.default_rng(3)
    ours = answers(judging, random)
    better = judging.Answers(ours.rows, ours.labels, ours.probabilities, ours.decided.copy())
    wrong = np.flatnonzero(ours.decided != ours.labels)[:20]
    better.decided[wrong] = ours.labels[wrong]

    found = judging.judge({"ours": [ours], "better": [better]}, CLASSES)
    difference = (found["better"]["accuracy"] - found["ours"]["accuracy"]).estimate

    assert difference.value == pytest.approx(20 / 400)
    assert 0 < difference.margin < 0.5 * found["ours"]["accuracy"].estimate.margin
