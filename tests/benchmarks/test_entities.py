"""The files of entities that `tasks.py` reads, what it makes of them, and how it judges."""

from __future__ import annotations

import importlib

import pytest


@pytest.fixture
def entity_files(scripts):
    return importlib.import_module("entity_files")


def test_the_installed_package_is_read_as_its_makers_counted_it(entity_files):
    splits = entity_files.FILES["conll2003"].read(None)

    assert {name: len(rows) for name, rows in splits.items()} == {
        "train": 14_041,
        "eval": 3_250,
        "test": 3_453,
    }
    assert sum(len(row.spans) for row in splits["test"]) == 5_648
    first = splits["train"][0]
    assert [first.text[start:end] for start, end, _ in first.spans] == ["EU", "German", "British"]


def test_files_that_are_missing_are_left_out(entity_files, tmp_path):
    assert entity_files.FILES["wnut17"].read(None) is None
    assert entity_files.FILES["mams"].read(str(tmp_path)) is None


def test_words_have_the_tags_of_the_spans_that_they_overlap(entity_files):
    Span = entity_files.Span  # noqa: N806
    text = "Try the crab-cakes, beer selection"
    spans = (Span(8, 18, "good"), Span(20, 26, "bad"))
    mams = entity_files.FILES["mams"]

    words = entity_files.words_of(text, mams.words)

    assert [text[start:end] for start, end in words][2:5] == ["crab", "-", "cakes"]
    assert entity_files.tags_of(spans, words) == [
        *("O", "O", "B-good", "I-good", "I-good", "O"),
        # The span ends inside the second word.
        *("B-bad", "I-bad"),
    ]


def test_entities_are_judged_by_their_characters(scripts, entity_files):
    judging = importlib.import_module("entity_judging")
    Span = entity_files.Span  # noqa: N806
    texts = ["abc def", "abc", "ghi", ""]
    truth = [(Span(0, 3, "x"), Span(3, 7, "x")), (), (Span(0, 3, "y"),), ()]
    found = [(Span(0, 3, "x"), Span(4, 7, "x")), (Span(0, 1, "y"),), (Span(0, 3, "x"),), ()]

    judged = judging.judge_entities(texts, truth, {"right": [truth], "mostly": [found, truth]})

    assert judged["right"]["f1"].values == [1]
    assert judged["mostly"]["precision"].values == pytest.approx([1 / 4, 1])
    assert judged["mostly"]["recall"].values == pytest.approx([1 / 3, 1])
    assert judged["mostly"]["f1"].values == pytest.approx([2 / 7, 1])
    # Drawing texts anew is about the mean: the sums are taken of the same counts.
    assert judged["mostly"]["f1"].drawn.shape == (judging.DRAWS, 2)
    assert judged["mostly"]["f1"].drawn.mean(0) == pytest.approx([0.3, 1], abs=0.1)
    difference = (judged["right"]["f1"] - judged["mostly"]["f1"]).estimate
    assert difference.value == pytest.approx(1 - (2 / 7 + 1) / 2)
