"""The classes that a column of labels has, where the configuration names none."""

from __future__ import annotations

import csv
import dataclasses
import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reviewlens.components.review_example_gen import DataSettings, DerivedColumn
from reviewlens.components.review_example_gen.label_classes import classes_of_labels
from reviewlens.components.tasks.text_classification import data
from reviewlens.components.tasks.text_classification.examples import ClassMaker
from reviewlens.errors import RunError


def labelled(path, labels, **changes) -> DataSettings:
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("text", "label"), *(("fits", label) for label in labels)])
    return dataclasses.replace(DataSettings(str(path), ("text",), label="label"), **changes)


def test_labels_are_classes_in_an_order_that_the_rows_do_not_tell(tmp_path):
    labels = ["POS", " NEG ", "neutral", "10", "9", "9.0", "", "POS"]
    for seed in range(5):
        random.Random(seed).shuffle(labels)
        found = classes_of_labels(labelled(tmp_path / "a.csv", labels))
        assert found == ("9", "10", "NEG", "POS", "neutral")


def test_labels_of_a_derived_column_and_of_several_files(tmp_path):
    (tmp_path / "in").mkdir()
    labelled(tmp_path / "in" / "a.csv", ["1 bad", "5 good"])
    settings = labelled(tmp_path / "in" / "b.csv", ["3 so-so", "none"])
    derived = {"word": DerivedColumn("label", r"\d (.*)")}
    settings = dataclasses.replace(
        settings, input=str(tmp_path / "in"), label="word", derived=derived
    )
    assert classes_of_labels(settings) == ("bad", "good", "so-so")


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ([f"id {n}" for n in range(51)], "has 51 different values, more than the 50 that"),
        ([str(n) for n in range(10_005)], "has over 10,000 different values"),
        (["good"], "has only 'good' in it; a classifier needs at least 2 classes"),
        (["", " "], "has nothing in it"),
        (["good", "very  good"], "has 'very  good' in it, which is no name of a class"),
        (["good", "< 3"], "has '< 3' in it, which is no name"),
        (["good", "1 .. 3"], "has '1 .. 3' in it, which is no name"),
    ],
)
def test_what_cannot_be_classes_is_told_with_the_column(tmp_path, labels, said):
    with pytest.raises(RunError) as raised:
        classes_of_labels(labelled(tmp_path / "a.csv", labels))
    assert "a.csv: the column 'label', which data.label names, " + said in str(raised.value)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(
        st.one_of(
            st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), min_size=1),
            st.integers(-20, 20).map(str),
            st.floats(-9, 9).map(str),
        ),
        min_size=2,
        max_size=30,
    )
)
def test_each_row_is_of_the_class_that_was_taken_from_it(tmp_path, labels):
    made = labelled(tmp_path / "a.csv", labels)
    try:
        classes = classes_of_labels(made)
    except RunError:
        return
    made = dataclasses.replace(made, classes=dict.fromkeys(classes))
    assert not list(made.problems()) and not list(data.problems(made))
    maker = ClassMaker(made)
    found = {maker.make({"label": label}, "").kind for label in labels if label.strip()}
    assert found == set(range(len(classes)))
