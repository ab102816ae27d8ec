"""Which columns a model was trained on, and that they come back as they were."""

from __future__ import annotations

import json

import pytest

from reviewlens.components.review_example_gen import DataSettings, DerivedColumn
from reviewlens.components.review_example_gen.columns import (
    read_columns,
    settings_of_columns,
    text_of,
)


def test_what_the_text_is_derived_from_is_kept_and_nothing_else():
    settings = DataSettings(
        "reviews.csv",
        ("Title", "body"),
        label="label",
        slices=("kind",),
        derived={
            "raw": DerivedColumn("Review", pattern="^(?:Re: )?(.*)"),
            "kind": DerivedColumn("Shop", values={"web": ("a", "b")}),
            "body": DerivedColumn("raw", values={"none": ("-", "1 .. 3")}),
        },
    )
    columns = json.loads(json.dumps(read_columns(settings)))
    assert columns == {
        "text": ["Title", "body"],
        "derived": {
            "raw": {"column": "Review", "pattern": "^(?:Re: )?(.*)"},
            "body": {"column": "raw", "values": {"none": ["-", "1 .. 3"]}},
        },
    }
    read = settings_of_columns(columns, "new.csv")
    assert list(read.source_columns()) == ["Title", "Review"]
    assert {name: settings.derived[name] for name in read.derived} == read.derived
    assert json.loads(json.dumps(read_columns(read))) == columns


def test_a_question_is_kept():
    settings = DataSettings("-", ("context",), question="question", answer="answer")
    columns = read_columns(settings)
    assert columns == {"text": ["context"], "question": "question"}
    assert settings_of_columns(columns, "-").question == "question"


@pytest.mark.parametrize(
    "columns",
    [{}, {"text": []}, {"text": 1}, {"text": ["a"], "derived": {"a": {}}}],
)
def test_what_is_no_list_of_columns_is_refused(columns):
    with pytest.raises(ValueError, match="columns cannot be read"):
        settings_of_columns(columns, "-")


def test_a_text_is_joined_and_cleaned_unless_characters_are_counted():
    row = {"title": "Good", "review": " It &lt;3\n fits.<br>"}
    assert text_of(row, ["title", "review"]) == "Good It <3 fits."
    assert text_of(row, ["title", "review"], as_given=True) == "Good  It &lt;3\n fits.<br>"
