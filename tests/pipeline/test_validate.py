"""`reviewlens validate`: everything that is wrong is told at once, in the files, too."""

from __future__ import annotations

import csv
import subprocess
import sys

import pytest

from reviewlens.pipeline.cli import main

LIGHT = """
import sys
from reviewlens.pipeline.cli import main
code = main()
heavy = {"tensorflow", "keras", "tfx", "apache_beam", "numpy", "pyarrow"} & set(sys.modules)
sys.exit(f"imported {heavy}" if heavy else code)
"""


@pytest.fixture
def validated(config_file, tmp_path, capsys):
    """Validates the configuration with other rows: exit code, and lines of stdout or stderr."""

    def validate(rows, *overrides, changes=(), header=("Title", "Review", "Rating")):
        path = config_file(*changes)
        with open(tmp_path / "reviews.csv", "w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([header, *rows])
        code = main(["validate", path, *overrides])
        captured = capsys.readouterr()
        told = (captured.err or captured.out).replace(f"{tmp_path}/", "")
        return code, told.removeprefix("error: ").splitlines()

    return validate


def rows_of(number, ratings=(1, 2, 3, 4, 5)):
    return [("Title", f"text {n}", ratings[n % len(ratings)]) for n in range(number)]


def test_a_good_configuration_is_told_what_becomes_of_the_rows(validated):
    rows = [*rows_of(1500), ("Title", "text 1", 2), ("", "", 4), ("So", "so", 6)]
    code, told = validated(rows)
    assert code == 0
    assert told == [
        "1,503 rows: 1,500 to learn from and to judge by, 1 duplicates, 2 rejected: empty-text 1 "
        "(nothing to read in Title, Review), unknown-rating 1 (Rating '6' belongs to no class)",
        "demo.yaml: ok; `reviewlens run` writes to out",
    ]


def test_it_loads_nothing_heavy(config_file, tmp_path):
    path = config_file()
    (tmp_path / "reviews.csv").write_text(
        "Title,Review,Rating\n" + "".join(f"a,text {n},{n % 5 + 1}\n" for n in range(500))
    )
    answer = subprocess.run(
        [sys.executable, "-c", LIGHT, "validate", path, "--", "training.epochs=3"],
        capture_output=True,
        text=True,
    )
    assert (answer.returncode, answer.stderr) == (0, "")


def test_what_is_wrong_in_the_file_is_told_beside_what_is_wrong_elsewhere(validated):
    changes = [("epochs: 2", "epochs: two"), ("Title, Review", "Titel, Review")]
    code, told = validated(rows_of(9), "encoder=minilm-l7", "output=''", changes=changes)
    assert code == 2
    where = ["command line", "command line", "demo.yaml:5", "demo.yaml:10"]
    assert [line.partition(": ")[0] for line in told] == where
    assert "has no column 'Titel', which data.text names; did you mean 'Title'?" in told[2]


def test_columns_are_looked_at_although_a_key_of_the_data_is_wrong(validated):
    code, told = validated(rows_of(9), changes=[("rating: Rating", "label: Klass\n  slises: [a]")])
    assert code == 2
    assert any("data.slises: unknown key" in line for line in told)
    assert any("has no column 'Klass', which data.label names" in line for line in told)


def test_what_a_run_would_fail_for_is_told(validated):
    code, told = validated(rows_of(300), "data.classes={bad: [1], good: [5]}")
    assert code == 1
    assert told[0].startswith("command line") is False
    assert "180 of 300 rows were rejected (60.0%), more than data.max_reject_fraction" in told[0]
    assert "unknown-rating: 180 rows, such as reviews.csv row 3" in told[1]
    code, told = validated([*rows_of(300, (1, 5)), ("So", "so", 3)])
    assert code == 1 and "the class 'neutral' has no rows in" in told[0]
    code, told = validated([])
    assert code == 1 and told == ["demo.yaml:5: data.input: reviews.csv: has no rows"]


def test_labels_that_are_left_out_are_shown_or_told_why_not(validated):
    labelled = ["data.rating=null", "data.label=Rating", "data.classes={}"]
    code, told = validated(rows_of(900, ("NEG", "POS")), *labelled)
    assert code == 0 and told[0] == "classes, from the column 'Rating': NEG, POS"
    code, told = validated(rows_of(900, ("POS",)), *labelled)
    assert code == 1 and "data.label: reviews.csv: the column 'Rating'" in told[0]


def test_a_file_of_which_the_first_rows_are_bad_is_told_so(validated, monkeypatch):
    monkeypatch.setattr("reviewlens.pipeline.inspecting.checking.MOST_ROWS", 200)
    code, told = validated([*rows_of(200, (7,)), *rows_of(9000)])
    assert code == 1
    assert "of the first 200 rows alone: 200 of 200 rows were rejected" in told[0]


def test_splits_that_are_small_are_told(validated):
    code, told = validated(rows_of(330, (1, 5)), "data.classes={bad: [1], good: [5]}")
    assert code == 0
    few = [line for line in told if line.startswith("the split ")]
    assert [line.split()[2] for line in few] == ["eval", "test"]
    assert "few to judge it by; bring more rows, or give it more in data.splits" in few[1]
    _, told = validated(
        rows_of(330, (1, 5)),
        "data.classes={bad: [1], good: [5]}",
        "data.splits={train: 1, eval: 1, test: 1}",
    )
    assert not [line for line in told if line.startswith("the split ")]


@pytest.mark.parametrize("encoder", ["nowhere/at-all", "package:reviewlens_nowhere/encoder"])
def test_an_encoder_that_is_not_there_is_told(validated, encoder):
    code, (told,) = validated(rows_of(900), f"encoder={encoder}")
    assert code == 1
    assert told.startswith("command line: encoder: ") and encoder.partition(":")[2] in told


def test_the_texts_of_a_pretraining_are_looked_at(validated):
    texts = ["task=masked-language-model", "data.rating=null", "data.classes={}"]
    code, told = validated(rows_of(900), *texts)
    assert code == 0
    assert told[0].startswith("900 rows: 900 to learn from")
    assert told[-1] == "demo.yaml: ok; `reviewlens pretrain` writes to out"
