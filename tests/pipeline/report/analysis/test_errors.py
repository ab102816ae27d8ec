"""What a person should read of the errors of a model, of whatever task."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pytest

from reviewlens.pipeline.report.analysis.answers import PredictionsFile
from reviewlens.pipeline.report.analysis.entities import (
    figures_of_entities,
    reliability_of_entities,
)
from reviewlens.pipeline.report.analysis.errors import worst_errors, wrong_labels
from reviewlens.pipeline.report.analysis.questions import figures_of_answers, has_answer
from reviewlens.pipeline.report.analysis.scores import entities_of_texts, scores_of_answers

THERE = ["0:4:0 9:12:1", "", "2:5:1", "0:3:0"]
FOUND = ["0:4:0", "", "2:6:1 7:9:0", "0:3:0"]
SCORES = [[0.9], [], [0.6, 0.5], [0.8]]


@pytest.fixture
def classified(write_predictions):
    """Ten reviews of the test split, in several row groups, and four of the eval split."""
    truth = np.array([0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 0, 1, 2, 1])
    probabilities = np.eye(3)[truth] * 0.7 + 0.1
    # The first is a little wrong, the fifth very, and the last one, of eval, surely.
    probabilities[0] = [0.4, 0.5, 0.1]
    probabilities[4] = [0.02, 0.08, 0.9]
    probabilities[13] = [0.95, 0.01, 0.04]
    return write_predictions(
        {
            "id": pa.array([b"id-%d" % row for row in range(14)]),
            "split": pa.array(["test"] * 10 + ["eval"] * 4),
            "text": pa.array([f"review {row}" for row in range(14)]),
            "label": pa.array(truth),
            "slice_shop": pa.array(["north", None] * 7),
            "candidate_decided": pa.array(probabilities.argmax(axis=1)),
            "candidate_probabilities": pa.array(probabilities.tolist(), pa.list_(pa.float32())),
        },
        row_group_size=3,
    )


def test_what_a_classifier_is_most_wrong_about_is_told_with_its_text(classified):
    found = worst_errors(PredictionsFile(classified))

    assert (found.examples, found.wrong) == (10, 2)
    worst, other = found.worst
    assert (worst.id, worst.split, worst.text) == ("id-4", "test", "review 4")
    assert (worst.truth, worst.said) == ("fair", "good")
    assert (worst.score, worst.believed) == pytest.approx((0.9, 0.08))
    assert (other.id, other.text, other.said) == ("id-0", "review 0", "fair")
    assert worst_errors(PredictionsFile(classified), most=1).worst == (worst,)


def test_labels_that_are_probably_wrong_are_sought_in_eval_as_well(classified):
    found = wrong_labels(PredictionsFile(classified))

    assert found.examples == 14
    first, second, *_ = found.worst
    assert (first.id, first.split, first.truth, first.said) == ("id-13", "eval", "fair", "bad")
    assert first.score == pytest.approx(0.95)
    assert (second.id, second.said, second.text) == ("id-4", "good", "review 4")


def test_only_what_is_asked_for_is_read_of_a_file(classified):
    file = PredictionsFile(classified)

    assert (len(file), file.task, file.models) == (14, "text-classification", ("candidate",))
    assert file.labels == ("bad", "fair", "good") and file.slices == ("shop",)
    assert file.texts([13, 0, 5]) == ["review 13", "review 0", "review 5"]
    assert file.slice_values("shop", np.array([0, 3])).tolist() == ["north", None]
    assert file.texts([0], "question") == [""]
    answered = file.read(("eval",))
    assert answered.rows.tolist() == [10, 11, 12, 13]
    assert answered.of["candidate"]["probabilities"].shape == (4, 3)


def test_a_file_of_an_earlier_version_is_of_the_test_split_and_has_no_texts(write_predictions):
    path = write_predictions(
        {
            "id": pa.array([b"1", b"2"]),
            "label": pa.array([0, 1]),
            "candidate_decided": pa.array([0, 0]),
            "candidate_probabilities": pa.array([[0.9, 0.1, 0]] * 2, pa.list_(pa.float32())),
        }
    )

    file = PredictionsFile(path)
    found = worst_errors(file)

    assert not file.has_texts and len(file.read()) == 2
    assert [(each.id, each.text) for each in found.worst] == [("2", "")]


def test_texts_with_most_wrong_entities_come_first_and_figures_are_of_whole_ones(write_predictions):
    path = write_predictions(
        {
            "id": pa.array([b"%d" % row for row in range(4)]),
            "split": pa.array(["test"] * 4),
            "text": pa.array(["Food and service", "Nothing", "The tea is bad", "Tea"]),
            "spans": pa.array(THERE),
            "candidate_spans": pa.array(FOUND),
            "candidate_scores": pa.array(SCORES, pa.list_(pa.float32())),
        },
        ["food", "other"],
    )
    file = PredictionsFile(path)
    answered = file.read()

    found = worst_errors(file)
    counts = entities_of_texts(answered.of["candidate"]["spans"], answered.truth, 2)
    total, (food, other) = figures_of_entities(counts)
    reliability = reliability_of_entities(
        answered.of["candidate"]["spans"],
        answered.of["candidate"]["scores"],
        answered.truth,
    )

    assert (found.examples, found.wrong) == (4, 2)
    assert [each.id for each in found.worst] == ["2", "0"]
    assert found.worst[0].truth == "e t (other)"
    assert found.worst[0].said == "e te (other),  i (food)"
    # Two of the four that were found are right, of the four that there are.
    assert (total.precision.value, total.recall.value, total.f1.value) == (0.5, 0.5, 0.5)
    assert (food.f1.value, food.support, other.recall.value) == (0.8, 2, 0.0)
    assert [round(each.accuracy.value, 2) for each in reliability.bins] == [0.0, 0.0, 1.0, 1.0]
    assert wrong_labels(file) is None


def test_answers_with_least_in_common_come_first_and_silence_is_told_apart(write_predictions):
    right = [["the red shoes"], ["blue"], [], []]
    said = ["red shoes", "a blue coat", "maybe", ""]
    path = write_predictions(
        {
            "id": pa.array([b"%d" % row for row in range(4)]),
            "split": pa.array(["test"] * 4),
            "text": pa.array(["It is about red shoes"] * 4),
            "question": pa.array([f"Which {row}?" for row in range(4)]),
            "answers": pa.array([json.dumps(each) for each in right]),
            "candidate_answer": pa.array(said),
            "candidate_score": pa.array([0.9, 0.8, 0.7, 0.6], pa.float32()),
        },
        [],
    )
    file = PredictionsFile(path)
    answered = file.read()

    found = worst_errors(file)
    scores = scores_of_answers(answered.of["candidate"], answered.truth)
    figures = figures_of_answers(scores)
    silent = figures_of_answers(scores[~has_answer(answered.truth)])

    assert [(each.question, each.said) for each in found.worst] == [
        ("Which 2?", "maybe"),
        ("Which 1?", "a blue coat"),
    ]
    assert found.worst[1].truth == "blue"
    assert (figures.exact.value, figures.examples) == (0.5, 4)
    assert figures.f1.value == pytest.approx((1 + 2 / 3 + 0 + 1) / 4)
    assert (silent.f1.value, silent.examples) == (0.5, 2)
    assert figures_of_answers(scores[:0]) is None
