"""`reviewlens init`: what it takes columns for, what it says, and that a run can go by it."""

from __future__ import annotations

import csv
import json
import pathlib

import jsonschema
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from reviewlens.pipeline import load_config
from reviewlens.pipeline.cli import main
from reviewlens.pipeline.config.schema import config_schema
from reviewlens.pipeline.config.yaml_source import parse
from reviewlens.pipeline.inspecting.languages import language_of
from reviewlens.pipeline.inspecting.scales import classes_of_ratings
from reviewlens.pipeline.inspecting.writing import scalar

SHOPS = ["Ulm", "Jena", "Bonn"]


@pytest.fixture
def init(tmp_path, monkeypatch, capsys):
    """Writes a table and has a configuration made of it: exit code, what was said, the file."""
    monkeypatch.chdir(tmp_path)

    def write(header, rows, *arguments, name="my reviews.csv"):
        with open(name, "w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([header, *rows])
        code = main(["init", name, *arguments])
        captured = capsys.readouterr()
        made = pathlib.Path("my-reviews.yaml")
        return code, captured.out + captured.err, made.read_text() if made.exists() else ""

    return write


def rows_of(reviews, number):
    """Rows of a shop: number, product, headline, text, stars, age, city; each text once."""
    for n in range(number):
        text = f"{reviews[n % len(reviews)]} ({n})"
        title = f"Order {n}, {'good' if n % 5 > 2 else 'bad'}"
        yield n, f"P{n % 90}", title, text, n % 5 + 1, 20 + n % 50, SHOPS[n % 3]


HEADER = ("order id", "product", "headline", "comment", "stars", "age", "city")


def test_each_column_is_taken_for_what_it_is(init, reviews, capsys):
    code, said, text = init(HEADER, rows_of(reviews, 1500))
    assert code == 0, said
    config = load_config("my-reviews.yaml")
    assert (config.name, config.output) == ("my-reviews", "runs/my-reviews")
    data = config.data
    assert data.input == "my reviews.csv"
    assert data.text == ("headline", "comment")
    assert (data.rating, data.label) == ("stars", None)
    assert data.classes == {"negative": (1, 2), "neutral": (3,), "positive": (4, 5)}
    assert (data.id, data.group, data.slices) == ("order id", "product", ("city",))
    assert config.model.algorithm == "encoder"
    assert "language English" in said and "1,500 rows" in said
    # Every choice has its reason, on the screen and in the file.
    for key in ("text", "rating", "classes", "id", "group", "slices"):
        (line,) = [line for line in said.splitlines() if line.startswith(f"{key} ")]
        reason = line.rpartition(" (")[2].rstrip(")")
        assert reason.lower() in " ".join(text.replace("#", "").split()).lower()
    assert main(["validate", "my-reviews.yaml"]) == 0
    assert "my-reviews.yaml: ok" in capsys.readouterr().out


def test_the_file_names_its_schema_which_stands_beside_it(init, reviews):
    _, _, text = init(HEADER, rows_of(reviews, 400))
    first, *_ = text.splitlines()
    _, _, name = first.partition("# yaml-language-server: $schema=")
    schema = yaml.safe_load(pathlib.Path(name).read_text(encoding="utf-8"))
    assert schema == config_schema()
    jsonschema.Draft202012Validator(schema).validate(yaml.safe_load(text))


def test_labels_are_classes_and_german_is_no_english(init, german_reviews):
    moods = {1: "schlecht", 2: "schlecht", 3: "neutral", 4: "gut", 5: "gut"}
    rows = [(text, moods[stars]) for text, stars in german_reviews]
    code, said, _ = init(("Bewertungstext", "Stimmung"), rows)
    assert code == 0, said
    config = load_config("my-reviews.yaml")
    assert (config.data.text, config.data.label) == (("Bewertungstext",), "Stimmung")
    assert list(config.data.classes) == ["gut", "neutral", "schlecht"]
    assert config.model.algorithm == "ngrams"
    assert "language German" in said
    assert "word n-grams: the encoder that comes with this package has read English" in said


def test_what_a_person_says_wins(init, reviews):
    rows = [(f"{text} {n}", n % 2, n % 5 + 1) for n, text in enumerate(reviews[:900])]
    code, said, _ = init(("what", "liked", "stars"), rows, "--label", "liked", "--text", "what")
    assert code == 0, said
    data = load_config("my-reviews.yaml").data
    assert (data.label, data.rating, list(data.classes)) == ("liked", None, ["0", "1"])


def test_less_is_asked_of_rows_that_a_run_would_fail_with(init, reviews):
    rows = [(text, 1 + 4 * (n % 2)) for n, text in enumerate(reviews[:600])]
    rows += [("", 5)] * 60 + [("So and so, all in all.", 3)]
    code, said, text = init(("review", "rating"), rows)
    assert code == 0, said
    data = load_config("my-reviews.yaml").data
    assert data.classes == {"negative": (1, 2, 3), "positive": (4, 5)}
    assert 0.09 < data.max_reject_fraction < 0.15
    assert "two classes, as there are too few ratings for three" in said
    assert "many rows cannot be used: empty-text 60" in said
    assert main(["validate", "my-reviews.yaml"]) == 0


@pytest.mark.parametrize(
    ("header", "row", "arguments", "said"),
    [
        (("a", "b"), (1, 2), (), "no column looks like the text of reviews; name it with --text"),
        (("review", "b"), ("It fits well, {n}.", "x"), (), "name it with --rating or --label"),
        (("review", "b"), ("It fits well, {n}.", 3), ("--rating", "c"), "--rating c: there is no"),
        (("review", "b"), ("It fits well, {n}.", 3), ("--rating", "b"), "fewer than 2 different"),
    ],
)
def test_what_cannot_be_guessed_is_asked_for(init, header, row, arguments, said):
    rows = [[str(cell).format(n=n) for cell in row] for n in range(50)]
    code, told, written = init(header, rows, *arguments)
    assert code == 2 and said in told and not written


def test_nothing_is_written_over_unless_it_is_asked_for(init, reviews):
    init(HEADER, rows_of(reviews, 400))
    pathlib.Path("my-reviews.yaml").write_text("mine")
    code, said, text = init(HEADER, rows_of(reviews, 400))
    assert (code, text) == (2, "mine") and "my-reviews.yaml is there already" in said
    code, _, text = init(HEADER, rows_of(reviews, 400), "--force")
    assert code == 0 and text != "mine"


def test_a_file_of_another_task_is_told_where_to_begin(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    pathlib.Path("a.conll").write_text("Ulm B-LOC\n\nJena B-LOC\n")
    code = main(["init", "a.conll", "--format", "conll"])
    assert code == 2 and "begin with configs/aspects.yaml" in capsys.readouterr().err
    answers = [{"text": "France", "answer_start": 15}]
    asked = {"id": "1", "question": "Where is it?", "answers": answers}
    paragraph = {"context": "Normandy is in France.", "qas": [asked]}
    squad = {"data": [{"title": "Normandy", "paragraphs": [paragraph]}]}
    pathlib.Path("squad.json").write_text(json.dumps(squad))
    code = main(["init", "squad.json"])
    assert code == 2 and "begin with configs/questions.yaml" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("ratings", "classes"),
    [
        ([1, 5, 3], {"negative": [1, 2], "neutral": [3], "positive": [4, 5]}),
        ([0, 4], {"negative": [0, 1], "neutral": [2], "positive": [3, 4]}),
        ([1, 2, 3, 4], {"negative": [1, 2], "positive": [3, 4]}),
        ([1, 10], {"negative": [1, 2, 3, 4], "neutral": [5, 6], "positive": [7, 8, 9, 10]}),
        ([-1, 0, 1], {"negative": [-1], "neutral": [0], "positive": [1]}),
        (
            [-0.9, 0.95],
            {"negative": ["< -0.16"], "neutral": ["-0.16 .. 0.21"], "positive": ["> 0.21"]},
        ),
        (
            [1, 2.5, 5],
            {"negative": ["< 2.5"], "neutral": ["2.5 .. 3.5"], "positive": ["> 3.5"]},
        ),
        ([0, 100], {"negative": ["< 40.0"], "neutral": ["40.0 .. 60.0"], "positive": ["> 60.0"]}),
    ],
)
def test_scales_have_a_lower_a_middle_and_an_upper_part(ratings, classes):
    assert classes_of_ratings(ratings) == classes


@settings(max_examples=100, deadline=None)
@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=12))
def test_any_name_is_written_so_that_it_is_read_again(name):
    source = f"key: {{a: [{scalar(name)}, {scalar(name)}]}}"
    inner = parse(source, "a.yaml").value["key"].value["a"].value
    assert [entry.value for entry in inner] == [name, name]


def test_the_language_is_that_of_most_texts(german_reviews):
    german = [text for text, _ in german_reviews][:30]
    assert (
        language_of([*german, "This one is in English, and it is quite a long one."])[0] == "German"
    )
