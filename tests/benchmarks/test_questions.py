"""The files of questions that `tasks.py` reads, what it makes of them, and how it judges."""

from __future__ import annotations

import importlib
import json

import pytest


@pytest.fixture
def question_files(scripts):
    return importlib.import_module("question_files")


@pytest.fixture
def question_trials(scripts):
    return importlib.import_module("question_trials")


def test_the_installed_package_is_read_as_its_makers_counted_it(question_files):
    splits = question_files.FILES["disflqa"].read(None)

    rows = [row for found in splits.values() for row in found]
    assert len(rows) == 1000
    assert sum(not row.answers for row in rows) == 245
    assert min(len(found) for found in splits.values()) > 100
    contexts = [{row.text for row in found} for found in splits.values()]
    assert sum(map(len, contexts)) == len(set.union(*contexts)) == 713


def test_no_paragraph_that_is_judged_by_is_learnt_from(question_files, tmp_path):
    known = question_files.FILES["disflqa"].read(None)["train"]
    (answered,) = {row.text for row in known[:50] if row.answers} & {known[0].text} or {""}
    assert answered
    question = {"question": "Which?", "answers": [{"text": "x", "answer_start": 0}]}
    squeezed = answered.replace(" ", "")
    article = {"paragraphs": [{"context": squeezed, "qas": [question, question]}]}
    (tmp_path / "xquad.en.json").write_text(json.dumps({"data": [article]}))

    splits = question_files.FILES["xquad"].read(str(tmp_path))

    assert splits["test"] == 2 * [
        question_files.Row(squeezed, "Which?", tuple(question["answers"]))
    ]
    learnt = [*splits["train"], *splits["eval"]]
    assert all(row.answers for row in learnt)
    assert answered not in {row.text for row in learnt}
    assert len(learnt) == 755 - sum(row.text == answered and bool(row.answers) for row in known)


def test_files_that_are_missing_are_left_out(question_files, tmp_path):
    assert question_files.FILES["xquad"].read(None) is None
    assert question_files.FILES["xquad"].read(str(tmp_path)) is None


def test_the_peer_gets_the_place_that_the_pipeline_has_found(question_files, question_trials):
    row = question_files.Row("It is red, or blue.", "Which?", ("red", "blue"))
    found = question_trials.with_feature(row, "6:9 14:18")
    none = question_trials.with_feature(row._replace(answers=()), "")

    given = question_trials.given(question_files.FILES["xquad"], {"train": [found, none]})

    assert [row["answer"] for row in given["train"]] == [(6, 9), None]
    judged = question_trials.judge([found, none], {"ours": [["Blue!", ""], ["red or", "x"]]})
    assert judged["ours"]["exact"].values == pytest.approx([1, 0])
    assert judged["ours"]["f1"].values == pytest.approx([1, 1 / 3])
    assert judged["ours"]["f1"].drawn.mean(0) == pytest.approx([1, 1 / 3], abs=0.05)
