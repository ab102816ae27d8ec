"""The ingest of entities: spans that stand for what the file says, or a reason why not."""

from __future__ import annotations

import dataclasses
import gzip
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reviewlens.components.review_example_gen import DataSettings, from_json, to_json
from reviewlens.components.review_example_gen.reviews import Rejection
from reviewlens.components.tasks.token_classification import data
from reviewlens.components.tasks.token_classification.examples import SpanMaker
from reviewlens.errors import RunError

GOOD = DataSettings(
    input="reviews.jsonl",
    text=("text",),
    entities="entities",
    classes={"food": None, "staff": ("staff", "service", "5")},
)
TEXT = "The soup was cold, the waiter rude."


def made(entities, text=TEXT, settings=GOOD):
    cell = entities if isinstance(entities, str) else json.dumps(entities)
    return SpanMaker(settings).make({"entities": cell}, text)


def test_spans_are_in_the_order_of_the_text_with_the_index_of_their_type():
    found = made([[23, 29, "service"], [4, 8, "food"]])
    assert found.features == {"spans": "4:8:0 23:29:1"} and sorted(found.shows) == [0, 1]
    assert made([]).features == {"spans": ""} and made([]).shows == ()
    assert made([[4, 8, "food"], [9, 12, "food"]]).shows == (0,)


def test_characters_are_those_of_the_text_as_given():
    text = "  \U0001f642 &amp; cafe\u0301\tis <b>good</b>\u00a0"
    start = text.index("good")
    assert made([[start, start + 4, "food"]], text).features["spans"] == f"{start}:{start + 4}:0"
    # White space around an entity is none of it; one that two people marked is one.
    twice = [[start - 3, start + 4, "food"], [9, 15, "food"], [10, 16, "food"]]
    assert made(twice, text).features["spans"] == f"10:15:0 {start - 3}:{start + 4}:0"


@pytest.mark.parametrize(
    ("entities", "reason", "words"),
    [
        ("", "no-entities", "entities is empty; of a text without entities it is []"),
        ("[[4, 8", "malformed-entities", "no JSON: "),
        ("[" * 100_000, "malformed-entities", "no JSON: "),
        ('{"start": 4}', "malformed-entities", "no list of entities"),
        ([7], "malformed-entities", "entity 1: is neither an object nor a list"),
        ([[4, 8]], "malformed-entities", "entity 1: has 2 values, not start, end and label"),
        ([{"end": 8}], "malformed-entities", "entity 1: has neither start nor start_offset"),
        ([[4, 8, "food"], ["4", 8, "food"]], "malformed-entities", "entity 2: start is '4', no"),
        ([[4, True, "food"]], "malformed-entities", "end is 'True', no whole number"),
        ([[4, 8, None]], "malformed-entities", "has no label"),
        ([{"start": 4, "end": 8, "labels": []}], "malformed-entities", "has no label"),
        ([{"start": 4, "end": 8, "labels": ["a", "b"]}], "malformed-entities", "has 2 labels"),
        ([{"start": 4, "end": 8, "label": "food", "text": 7}], "malformed-entities", "is no text"),
        ([[30, 36, "food"]], "entity-out-of-range", "30 to 36, where the text has 35 characters"),
        ([[-4, 8, "food"]], "entity-out-of-range", "-4 to 8"),
        ([[8, 4, "food"]], "entity-out-of-range", "8 to 4"),
        ([[4, 4, "food"]], "entity-out-of-range", "4 to 4 is empty"),
        ([[3, 4, "food"]], "entity-out-of-range", "3 to 4 is empty"),
        (
            [{"start": 4, "end": 8, "label": "food", "text": "fish"}],
            "entity-mismatch",
            "4 to 8 is 'soup', not 'fish' as it says",
        ),
        ([[4, 8, "Food"]], "unknown-entity", "its label 'Food' belongs to no type of data.classes"),
        (
            [[4, 12, "food"], [4, 8, "food"]],
            "overlapping-entities",
            "'soup' (4 to 8) and 'soup was' (4 to 12) overlap",
        ),
        ([[4, 8, "food"], [4, 8, "5"]], "overlapping-entities", "(4 to 8) and 'soup' (4 to 8)"),
    ],
)
def test_what_does_not_fit_is_rejected_with_its_reason(entities, reason, words):
    found = made(entities)
    assert isinstance(found, Rejection) and found.reason == reason
    assert found.detail.startswith("entities") and words in found.detail


@settings(derandomize=True, max_examples=100, deadline=None)
@given(*[st.text("ae\u0301\uffff\U00010000\U0001f642", max_size=4)] * 3)
def test_places_may_be_counted_as_javascript_does(before, words, after):
    def units(text):
        return len(text.encode("utf-16-le")) // 2

    entity = [units(before), units(before + words), "food"]
    in_utf16 = dataclasses.replace(GOOD, offsets="utf16")
    text = before + words + after
    found = made([entity], text, in_utf16)
    assert found == made([[len(before), len(before + words), "food"]], text)
    behind = made([[0, units(text) + 1, "food"]], text, in_utf16)
    assert behind.reason == "entity-out-of-range"
    if text and text[0] > "\uffff":
        cut = made([[1, units(text), "food"]], text, in_utf16)
        assert cut.detail == "entities: entity 1: 1 is in the middle of a character"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["start", "end", "label", "labels", "start_offset", "text", "x"]), inner
        )
    ),
    max_leaves=12,
)
NEAR = st.lists(
    st.tuples(st.integers(-1, 9), st.integers(0, 9), st.sampled_from(["food", "5", "x"])),
    max_size=3,
)


@settings(derandomize=True, max_examples=300, deadline=None)
@given(NEAR | JSON, st.text(" a\u0301\U0001f642", min_size=1, max_size=8))
def test_any_entities_are_spans_in_the_text_or_a_rejection(entities, text):
    found = made(entities, text)
    if isinstance(found, Rejection):
        assert found.reason and found.detail.encode() and "\n" not in found.detail
        return
    last = 0
    for span in found.features["spans"].split():
        start, end, kind = map(int, span.split(":"))
        assert last <= start < end <= len(text) and kind in found.shows
        assert text[start:end] == text[start:end].strip()
        last = end


def test_good_settings_have_no_problems_and_survive_json():
    assert [*GOOD.problems(), *data.problems(GOOD)] == []
    assert from_json(to_json(GOOD), input=GOOD.input) == GOOD
    assert GOOD.source_columns() == {"text": "data.text", "entities": "data.entities"}


@pytest.mark.parametrize(
    ("changes", "key", "words"),
    [
        ({"entities": None}, "entities", "is missing"),
        ({"text": ("title", "text")}, "text", "names 2 columns; name the one in whose characters"),
        ({"classes": {}}, "classes", "is missing; list the types"),
        ({"offsets": "bytes"}, "offsets", "choose one of characters, utf16"),
        ({"slices": ("spans",)}, "slices", "derive a column"),
        ({"classes": {"a": ("x",), "b": ("x",)}}, "classes.b", "'x' overlaps 'x' of 'a'"),
    ],
)
def test_each_bad_value_is_told_under_its_key(changes, key, words):
    settings = dataclasses.replace(GOOD, **changes)
    problems = [*settings.problems(), *data.problems(settings)]
    assert [found for found, _ in problems] == [key]
    assert words in problems[0][1]


def test_a_derived_text_is_refused():
    from reviewlens.components.review_example_gen import DerivedColumn

    derived = dataclasses.replace(GOOD, derived={"text": DerivedColumn("raw", "(.*)")})
    assert [key for key, _ in data.problems(derived)] == ["text"]


def rows(count):
    """Rows of which two in three have food in them, and one in six has staff."""
    for n in range(count):
        text = f"{n}: the soup and the waiter"
        place = len(f"{n}: the ")
        entities = [[place, place + 4, "food"]] if n % 3 else []
        entities += [[place + 13, place + 19, "service"]] if n % 6 == 0 else []
        yield {"text": text, "entities": entities, "shop": f"<i>{n % 2}</i>"}


def ingested(tmp_path, ingest, lines, **changes):
    path = tmp_path / "reviews.jsonl.gz"
    path.write_bytes(gzip.compress("\n".join(map(json.dumps, lines)).encode()))
    settings = dataclasses.replace(GOOD, input=str(path), max_reject_fraction=0.5, **changes)
    return ingest(settings, task="token-classification")


def test_every_row_becomes_an_example_a_duplicate_or_a_rejected_row(tmp_path, ingest):
    lines = list(rows(90))
    lines += [
        {"text": "1: the soup and the waiter", "entities": []},
        {"text": "1: the  soup and the waiter", "entities": []},
        {"text": " \t", "entities": []},
        {"text": "nobody has read this"},
        {"text": "soup", "entities": [[0, 4, "drink"]]},
        {"text": "soup", "entities": [[0, 5, "food"]]},
    ]
    found = ingested(tmp_path, ingest, lines, slices=("shop",))
    counts = {key: found.counts[key] for key in ("read", "kept", "duplicates", "rejected")}
    assert counts == {"read": 96, "kept": 91, "duplicates": 1, "rejected": 4}
    assert sum(found.counts[split] for split in ("train", "eval", "test")) == 91
    reasons = {key: n for key, n in found.counts.items() if key.startswith("reason:")}
    assert reasons == {
        f"reason:{reason}": 1
        for reason in ("empty-text", "no-entities", "unknown-entity", "entity-out-of-range")
    }
    by_id = {row["id"]: row for row in found.rows}
    # The first of equal texts stays, whatever the entities; the text is as given.
    assert by_id["reviews.jsonl.gz:2"] == {
        "id": "reviews.jsonl.gz:2",
        "text": "1: the soup and the waiter",
        "spans": "7:11:0",
        "shop": "1",
    }
    assert by_id["reviews.jsonl.gz:92"]["text"] == "1: the  soup and the waiter"
    assert by_id["reviews.jsonl.gz:1"]["spans"] == "20:26:1"
    assert by_id["reviews.jsonl.gz:4"]["spans"] == ""
    assert [row["row"] for row in found.rejected] == [93, 94, 95, 96]


def test_every_text_may_have_an_entity_and_all_may_be_of_one_type(tmp_path, ingest):
    lines = [row for row in rows(90) if row["entities"]]
    one = {"food": ("food", "service")}
    assert ingested(tmp_path, ingest, lines, classes=one).counts["kept"] == len(lines)


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([{**row, "entities": []} for row in rows(90)], "no text has an entity .*'entities'"),
        (
            [row for row in rows(90) if len(row["entities"]) < 2 and "service" not in str(row)],
            "split train has an entity of the type 'staff' .texts with one: train 0, eval 0, test",
        ),
        (
            [
                {**row, "entities": row["entities"] if n == 1 else []}
                for n, row in enumerate(rows(90))
            ],
            "no text of the split .* has an entity; bring more",
        ),
        ([{"text": "", "entities": []}], "1 of 1 rows were rejected"),
    ],
    ids=["none", "one type", "too few", "empty"],
)
def test_data_that_nothing_can_be_learnt_from_is_refused_in_one_line(
    tmp_path, ingest, lines, words
):
    with pytest.raises(RunError, match=words):
        ingested(tmp_path, ingest, lines)


def test_a_rare_type_need_not_be_in_every_split():
    kinds = {"train": [9, 1], "eval": [2, 0], "test": [3, 0]}
    assert data.lacking(GOOD, kinds) == ""
