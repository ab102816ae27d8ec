"""What a page says of what went in."""

from __future__ import annotations

import json
import random

import pytest

from reviewlens.pipeline.report.html.blocks import Group, Texts
from reviewlens.pipeline.report.html.facts import RunFacts
from reviewlens.pipeline.report.html.page import render_page
from reviewlens.pipeline.report.html.sections.data import data

HOSTILE = "<script>alert(1)</script> \u202e & ]]> of all the things that I have ever bought"
COUNTS = {"read": 48, "kept": 44, "duplicates": 1, "rejected": 3}
SPLITS = {"train": 40, "eval": 0, "test": 4}


@pytest.fixture
def facts(tmp_path, split_of):
    """A run with a leak, a hostile text and rejected rows."""
    chance = random.Random(0)
    texts = [" ".join(chance.choices("abcdefghijklmnop", k=20)) for _ in range(39)]
    split_of(tmp_path / "examples", "train", [HOSTILE, *texts])
    split_of(tmp_path / "examples", "test", [texts[5] + " z", HOSTILE, "fits", "fits me"])
    (tmp_path / "rejected").mkdir()
    row = {"file": "a.csv", "row": 7, "reason": "no-rating", "detail": "stars is empty"}
    line = json.dumps({**row, "raw": {"text": HOSTILE, "stars": ""}})
    (tmp_path / "rejected" / "rejected-0.jsonl").write_text(line + "\n", encoding="utf-8")
    summary = {
        "data": {
            **COUNTS,
            "merged": {"texts": 0, "rows": 0, "ties": 0},
            "rejected_because": {"no-rating": 3},
            "splits": SPLITS,
            "kinds": {split: {"bad": n, "good": 0} for split, n in SPLITS.items()},
        },
        "training": {"reading": {"max_tokens": 64, "reviews_cut": 0.25, "tokens_unread": 0.125}},
        "config": {"data": {"slices": ["shop"]}},
    }
    folders = {name: str(tmp_path / name) for name in ("examples", "rejected")}
    return RunFacts(str(tmp_path), summary, {"review-example-gen": folders})


def group(section, title):
    (found,) = [b for b in section.blocks if isinstance(b, Group) and b.title == title]
    return found


def test_it_says_all_that_there_is_to_say(facts):
    section = data(facts)

    titles = [block.title for block in section.blocks if isinstance(block, Group)]
    assert titles == [
        *("Rejected rows", "Classes", "Lengths", "Languages", "Slices", "Near duplicates")
    ]
    page = render_page("x", [section])
    for key, count in COUNTS.items():
        assert f'data-key="data.{key}" data-value="{count}"' in page
    assert 'data-key="training.reading.tokens_unread" data-value="0.125"' in page
    assert "<script" not in page
    assert "Ulm" in page


def test_texts_that_are_judged_by_and_have_been_learnt_are_told(facts):
    told, leak, pairs = group(data(facts), "Near duplicates").blocks

    assert told.text.startswith("4 of 44 texts")
    assert leak.tone == "bad" and leak.text.startswith(
        "Of the texts that a model is judged by, 2 nearly"
    )
    (texts,) = pairs.blocks
    assert isinstance(texts, Texts) and len(texts.texts) == 2


def test_rejected_rows_are_shown_with_their_reason(facts):
    _, examples = group(data(facts), "Rejected rows").blocks

    ((text,),) = [block.texts for block in examples.blocks]
    assert text.notes == ("a.csv, row 7", "no-rating", "stars is empty")
    assert text.text == f"text={HOSTILE}"


def test_a_run_without_artifacts_still_has_its_counts(facts):
    section = data(RunFacts(facts.output, facts.summary, {}))

    assert "48" in render_page("x", [section])
    assert data(RunFacts(facts.output, {"data": None}, {})) is None
