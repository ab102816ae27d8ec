"""Whether two runs can be told apart, by what their models say of the same examples."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pytest
from scipy.stats import binomtest

from reviewlens.errors import RunError
from reviewlens.pipeline.report.analysis.paired import compare_files

LABELS = ["bad", "fair", "good"]
ROWS = 600


def answers(ids, truth, wrong, labels=LABELS, split="test"):
    """Columns of a classifier that names the next class of some rows."""
    names = np.array(labels)
    place = {name: index for index, name in enumerate(labels)}
    decided = np.where(wrong, (truth + 1) % 3, truth)
    order = [LABELS.index(name) for name in names]
    probabilities = (np.eye(3)[decided] * 0.7 + 0.1)[:, order]
    recoded = np.array([place[name] for name in LABELS])
    return {
        "id": pa.array([b"%04d" % each for each in ids]),
        "split": pa.array([split] * len(ids)),
        "label": pa.array(recoded[truth]),
        "candidate_decided": pa.array(recoded[decided]),
        "candidate_probabilities": pa.array(probabilities.tolist(), pa.list_(pa.float32())),
    }


@pytest.fixture
def rows():
    random = np.random.default_rng(4)
    return random.integers(3, size=ROWS), random.random(ROWS) < 0.1, random.random(ROWS) < 0.3


def test_the_better_run_is_surely_better_and_mcnemar_says_so(write_predictions, rows):
    truth, few, many = rows
    ids = np.arange(ROWS)
    first = write_predictions(answers(ids, truth, few))
    second = write_predictions(answers(ids, truth, many))

    found = compare_files(first, second)

    assert (found.rows, found.of_first, found.of_second, found.relabelled) == (ROWS, ROWS, ROWS, 0)
    assert found.gained == (many & ~few).sum() and found.lost == (few & ~many).sum()
    exact = binomtest(found.gained, found.gained + found.lost).pvalue
    assert found.p_value == pytest.approx(exact, rel=1e-6)
    accuracy = found.differences["accuracy"]
    assert accuracy.value == pytest.approx((found.gained - found.lost) / ROWS)
    assert found.differences["macro_f1"].is_certain and found.differences["log_loss"].value < 0
    assert compare_files(first, first).differences["macro_f1"].value == 0
    assert compare_files(first, second) == found


def test_only_what_both_have_and_tell_the_same_of_counts(write_predictions, rows):
    truth, few, many = rows
    ids = np.arange(ROWS)
    first = write_predictions(answers(ids, truth, few))
    # The classes in another order, half of the rows, of which 20 were relabelled, and a row twice.
    others = np.arange(300, 900)
    relabelled = truth.copy()
    relabelled[300:320] = (truth[300:320] + 1) % 3
    shifted = np.concatenate([relabelled[300:], truth[:300]])
    wrong = np.concatenate([many[300:], many[:300]])
    others[-1] = others[-2] = 599
    second = write_predictions(
        answers(others, shifted, wrong, ["good", "bad", "fair"]), ["good", "bad", "fair"]
    )

    found = compare_files(first, second)

    assert found.of_second == 600
    assert found.relabelled == 20
    assert found.rows == 299 - 20
    kept = slice(320, 599)
    difference = many[kept].mean() - few[kept].mean()
    assert found.differences["accuracy"].value == pytest.approx(difference)


def test_rows_of_eval_do_not_count_and_without_shared_rows_nothing_is_told(write_predictions, rows):
    truth, few, many = rows
    ids = np.arange(ROWS)
    first = write_predictions(answers(ids, truth, few))
    second = write_predictions(answers(ids, truth, many, split="eval"))

    found = compare_files(first, second)

    assert (found.rows, found.of_second, found.differences) == (0, 0, {})
    assert found.p_value is None


def test_entities_and_answers_are_compared_by_f1(write_predictions):
    ids = pa.array([b"%d" % row for row in range(4)])
    there = ["0:4:0", "2:5:1 7:9:0", "", "1:2:1"]
    entities = {
        "id": ids,
        "spans": pa.array(there),
        "candidate_spans": pa.array(there),
        "candidate_scores": pa.array([[0.9]] * 4, pa.list_(pa.float32())),
    }
    worse = {**entities, "candidate_spans": pa.array(["", "2:5:1", "", "1:2:1"])}
    questions = {
        "id": ids,
        "answers": pa.array([json.dumps(["the red shoes"])] * 3 + ["[]"]),
        "candidate_answer": pa.array(["red shoes"] * 3 + [""]),
        "candidate_score": pa.array([0.5] * 4, pa.float32()),
    }
    silent = {**questions, "candidate_answer": pa.array([""] * 4)}
    paths = [write_predictions(each) for each in (entities, worse, questions, silent)]

    # Two of four found, all of them right.
    of_entities = compare_files(*paths[:2])
    of_answers = compare_files(*paths[2:])

    assert of_entities.differences["f1"].value == pytest.approx(1 - 2 / 3)
    assert of_answers.differences["f1"].value == of_answers.differences["exact"].value == 0.75
    assert of_answers.gained is None
    with pytest.raises(RunError, match="one is for token-classification, one for question"):
        compare_files(paths[0], paths[2])


def test_other_classes_and_other_files_are_refused(write_predictions, rows, tmp_path):
    truth, few, _ = rows
    first = write_predictions(answers(np.arange(ROWS), truth, few))
    second = write_predictions(answers(np.arange(ROWS), truth, few), ["bad", "fair", "great"])
    no_parquet = tmp_path / "no.parquet"
    no_parquet.write_text("no")

    with pytest.raises(RunError, match="one has bad, fair, good, one has bad, fair, great"):
        compare_files(first, second)
    with pytest.raises(RunError, match="ngrams has not answered; there are candidate"):
        compare_files(first, first, model="ngrams")
    with pytest.raises(RunError, match="cannot be read as Parquet"):
        compare_files(first, str(no_parquet))
    with pytest.raises(RunError, match="none of the columns"):
        compare_files(first, write_predictions({"id": pa.array([b"1"])}))
