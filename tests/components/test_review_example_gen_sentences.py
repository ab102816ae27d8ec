"""Texts that an encoder is pre-trained on: where their sentences end, and how they are taken in."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reviewlens.components.review_example_gen import DataSettings
from reviewlens.components.task_registry import TASKS, pretrains
from reviewlens.components.tasks.masked_language_model import data
from reviewlens.components.tasks.masked_language_model.examples import SentenceMaker
from reviewlens.components.tasks.masked_language_model.sentences import (
    sentence_ends,
    sentences_of,
)
from reviewlens.errors import RunError

TASK = "masked-language-model"
COLUMNS = ("Title", "Review")


def cut(text):
    ends = SentenceMaker(DataSettings("-", ("text",))).make({}, text).features["sentences"]
    return [sentence.decode() for sentence in sentences_of(text.encode(), ends)]


@pytest.mark.parametrize(
    "sentences",
    [
        ["Fits well.", "i love it!!!", "so soft...", "would buy again"],
        ["At $4.50 it has 4.5 stars, e.g. at St. John's vs. others.", "Yes."],
        ["I am 5' 4\" and 130 lbs. and it fits 5.5.", "ok"],
        ["i am 130 lbs.", "i wear a size m.", "after that?", "no.", "it fits"],
        ["See www.site.com or a.b@c.de!", "It is no. 5 of J. Crew."],
        ['She said "wow."', "Then (it was late) she left!"],
        ["Really. :) :-(", "bad"],
        ["Great! 😀❤️", "ok"],
        ["it?s a 5?2?, so what?", "Yes"],
        ["खूब।", "अच्छा!"],
        ["No marks at all, as some write"],
    ],
)
def test_sentences_end_where_a_reader_would_say(sentences):
    assert cut(" ".join(sentences)) == sentences


def test_a_space_may_lack():
    assert cut("It fits.Runs small...but ok") == ["It fits.", "Runs small...", "but ok"]
    assert cut("很好。质量不错！会的") == ["很好。", "质量不错！", "会的"]


@settings(derandomize=True, max_examples=300, deadline=None)
@given(st.text(st.sampled_from("ab .!?…\"':)(。😀éI1…"), max_size=60).map(str.strip).filter(bool))
def test_nothing_of_any_text_is_lost(text):
    ends = SentenceMaker(DataSettings("-", ("text",))).make({}, text).features["sentences"]
    assert ends[-1] == len(text.encode()) and ends == sorted(set(ends))
    assert "".join(cut(text)).replace(" ", "") == text.replace(" ", "")
    assert all(cut(text))


def test_no_text_takes_the_square_of_its_length():
    started = time.process_time()
    for hostile in ("." * 400_000, "a." * 200_000, "! :) " * 80_000, "!" + " " * 400_000 + "a"):
        sentence_ends(hostile)
    assert time.process_time() - started < 10


def test_a_column_ends_a_sentence_unless_markup_spans_it():
    make = SentenceMaker(DataSettings("-", COLUMNS)).make
    text = "Très joli I love it. It fits."
    values = {"Title": "Tr&egrave;s  joli", "Review": "I love it. <b>It</b> fits."}
    ends = make(values, text).features["sentences"]
    assert list(sentences_of(text.encode(), ends)) == [
        "Très joli".encode(),
        b"I love it.",
        b"It fits.",
    ]
    assert make({"Title": "", "Review": "Yes."}, "Yes.").features["sentences"] == [4]
    spanning = {"Title": "So <!-- pretty", "Review": "--> nice"}
    assert make(spanning, "So nice").features["sentences"] == [7]


def test_settings_that_mean_nothing_are_named():
    good = data.TextSettings("-", ("text",), group="shop", id="number")
    assert list(good.problems()) == list(data.problems(good)) == []
    assert good.splits == {"train": 98, "eval": 1, "test": 1} and pretrains(TASK)
    bad = data.TextSettings("-", ("text",), slices=("shop",), schema="s", allow_anomalies=True)
    assert [key for key, _ in data.problems(bad)] == ["slices", "schema", "allow_anomalies"]
    assert TASKS.load(TASK, "data").SETTINGS == {}


def test_every_row_becomes_a_text_a_duplicate_or_a_rejected_row(tmp_path, ingest):
    path = tmp_path / "r.csv"
    rows = [f'no. {n},"It fits. Or not, {n}!"' for n in range(60)]
    rows += ["no.  3,It fits. &#79;r not\\, 3!".replace("\\,", ""), ",<br>"]
    path.write_text("\n".join(["Title,Review", *rows, *rows[:7]]))
    splits = {"train": 2, "eval": 1, "test": 1}
    found = ingest(
        DataSettings(str(path), COLUMNS, splits=splits, max_reject_fraction=0.1), task=TASK
    )
    counts = found.counts
    assert counts["read"] == 69 and counts["kept"] == 61 and counts["duplicates"] == 6 + 1
    assert counts["reason:empty-text"] == 1
    row = next(row for row in found.rows if row["text"].startswith("no. 12 "))
    assert row == {
        "id": "r.csv:14",
        "text": "no. 12 It fits. Or not, 12!",
        "sentences": [6, 15, 27],
    }

    (tmp_path / "few.csv").write_text("text\nFew. Words.")
    with pytest.raises(RunError, match=r"no text is left for .*\(.* 1.*\); bring more texts"):
        ingest(data.TextSettings(str(tmp_path / "few.csv"), ("text",)), task=TASK)
