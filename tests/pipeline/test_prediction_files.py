"""Predictions for files: every row comes back, in its order, with its prediction."""

from __future__ import annotations

import csv
import datetime
import gzip
import itertools
import json
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reviewlens.errors import RunError, UsageError
from reviewlens.files import Dialect
from reviewlens.pipeline.prediction_files import (
    AskedRows,
    predicted_rows,
    write_predictions,
)
from reviewlens.serving import Answer, Entities, Entity, Prediction

ROWS = 3000


class ShoutingModel:
    """Takes a review for positive the more capital letters it has; a model like any other."""

    def stream(self, texts):
        while batch := list(itertools.islice(texts, 7)):
            for text in batch:
                share = sum(map(str.isupper, text)) / max(len(text), 1)
                label = "positive" if share > 0.5 else "negative"
                yield Prediction(label, {"negative": 1 - share, "positive": share})


def predict(source, target, *columns, model=None, **options):
    rows = AskedRows(str(source), {"text": columns or ["text"]}, **options)
    count = rows.check(str(target))
    predicted = predicted_rows(model or ShoutingModel(), rows)
    assert write_predictions(predicted, str(target)) == count
    return count


def csv_rows(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_csv_rows_keep_their_columns_and_order(tmp_path):
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    with open(source, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "text"])
        writer.writerows([i, f'says\n"{i}",' if i % 2 else "GREAT"] for i in range(ROWS))
    assert predict(source, target) == ROWS
    rows = csv_rows(target)
    assert list(rows[0]) == [
        "id",
        "text",
        "predicted_label",
        "probability_negative",
        "probability_positive",
    ]
    assert [row["id"] for row in rows] == [str(i) for i in range(ROWS)]
    assert rows[0]["predicted_label"] == "positive"
    assert rows[0]["probability_positive"] == "1.000000"
    assert rows[1]["text"] == 'says\n"1",'
    assert rows[1]["predicted_label"] == "negative"


def test_json_lines_keep_what_they_hold(tmp_path):
    source, target = tmp_path / "in.jsonl.gz", tmp_path / "out.jsonl"
    with gzip.open(source, "wt") as file:
        file.write('{"review": "GOOD", "stars": 5}\n{"review": "bad é"}\n')
    assert predict(source, target, "review") == 2
    first, second = map(json.loads, target.read_text().splitlines())
    assert first == {
        "review": "GOOD",
        "stars": "5",
        "predicted_label": "positive",
        "probabilities": {"negative": 0.0, "positive": 1.0},
    }
    assert second["review"] == "bad é"


ROWS_OF_COLUMNS = [
    {"id": "1", "text": "GOOD", "when": "2024-02-29", "tags": '["a", null]'},
    {"id": "2", "text": "bad é", "when": "", "tags": "[]"},
]


def write_columns(path):
    """Writes `ROWS_OF_COLUMNS`, typed where the format has types."""
    if path.suffix == ".parquet":
        import pyarrow
        import pyarrow.parquet

        columns = {
            "id": [1, 2],
            "text": ["GOOD", "bad é"],
            "when": [datetime.date(2024, 2, 29), None],
            "tags": [["a", None], []],
        }
        pyarrow.parquet.write_table(pyarrow.table(columns), path)
    elif path.suffix == ".jsonl":
        rows = [row | {"tags": json.loads(row["tags"])} for row in ROWS_OF_COLUMNS]
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    else:
        with open(path, "w", newline="") as file:
            delimiter = "\t" if path.suffix == ".tsv" else ","
            writer = csv.DictWriter(file, ROWS_OF_COLUMNS[0], delimiter=delimiter)
            writer.writeheader()
            writer.writerows(ROWS_OF_COLUMNS)


def test_lines_of_fasttext_are_read_and_written(tmp_path):
    (tmp_path / "in.fasttext").write_text("__label__bad GREAT\nso __label__a so __label__b\n")
    assert predict(tmp_path / "in.fasttext", tmp_path / "out.fasttext") == 2
    lines = (tmp_path / "out.fasttext").read_text().splitlines()
    assert lines == ["__label__positive GREAT", "__label__negative so so"]
    predict(tmp_path / "in.fasttext", tmp_path / "out.jsonl")
    rows = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [(row["label"], row["text"]) for row in rows] == [("bad", "GREAT"), ("a b", "so so")]


def test_a_class_that_fasttext_cannot_write_is_told(tmp_path):
    class Wordy(ShoutingModel):
        def stream(self, texts):
            for _ in texts:
                yield Prediction("not good", {"not good": 1.0})

    (tmp_path / "in.txt").write_text("a\n")
    with pytest.raises(RunError, match="row 1: 'not good' cannot be a label .* write .jsonl"):
        predict(tmp_path / "in.txt", tmp_path / "out.fasttext", model=Wordy())
    assert not (tmp_path / "out.fasttext").exists()


class FindingModel:
    """Finds the words in capital letters."""

    def stream(self, texts):
        for text in texts:
            words = re.finditer("[A-Z]+", text)
            found = (Entity(*word.span(), "loud", 0.75, word[0]) for word in words)
            yield Entities(tuple(found))


def test_a_text_has_a_row_for_each_of_its_entities(tmp_path):
    source, target = tmp_path / "in.jsonl", tmp_path / "out.csv"
    lines = [{"id": 1, "text": "A GOOD one", "entities": [0]}, {"id": 2, "text": "bad"}]
    lines[1]["entities"] = lines[0]["entities"]
    source.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert predict(source, target, model=FindingModel()) == 2
    first, second, third = csv_rows(target)
    assert list(first)[:3] == ["id", "text", "entities"]
    assert first.items() >= {"id": "1", "predicted_entity": "A", "entity_start": "0"}.items()
    assert second.items() >= {"id": "1", "predicted_entity": "GOOD", "entity_end": "6"}.items()
    assert third.items() >= {"id": "2", "text": "bad", "predicted_entity": ""}.items()


def test_a_line_of_json_has_all_entities_of_its_text_beside_those_given(tmp_path):
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text(json.dumps({"text": "A GOOD one", "entities": []}) + "\n")
    assert predict(source, target, model=FindingModel()) == 1
    line = json.loads(target.read_text())
    assert line["entities"] == "[]" and [e["end"] for e in line["predicted_entities"]] == [1, 6]


def test_entities_are_no_lines_of_fasttext(tmp_path):
    (tmp_path / "in.txt").write_text("GOOD\n")
    with pytest.raises(RunError, match="names no class, as a line of fastText does"):
        predict(tmp_path / "in.txt", tmp_path / "out.fasttext", model=FindingModel())


@pytest.mark.parametrize("ending", ["csv", "tsv", "jsonl", "parquet"])
def test_every_format_keeps_its_columns(tmp_path, ending):
    source = tmp_path / f"in.{ending}"
    write_columns(source)
    assert predict(source, tmp_path / "out.csv") == predict(source, tmp_path / "out.jsonl") == 2
    lines = list(map(json.loads, (tmp_path / "out.jsonl").read_text().splitlines()))
    for rows in (csv_rows(tmp_path / "out.csv"), lines):
        assert [row["predicted_label"] for row in rows] == ["positive", "negative"]
        assert [{name: row[name] for name in ROWS_OF_COLUMNS[0]} for row in rows] == ROWS_OF_COLUMNS
    assert AskedRows(str(source), {"text": ["text"]}).left_out() == []


def test_a_row_without_the_column_has_an_empty_text(tmp_path):
    (tmp_path / "in.jsonl").write_text('{"text": "GOOD"}\n{"id": 2}\n')
    assert predict(tmp_path / "in.jsonl", tmp_path / "out.jsonl") == 2
    last = json.loads((tmp_path / "out.jsonl").read_text().splitlines()[1])
    assert last["id"] == "2" and last["predicted_label"] == "negative"


def test_a_parquet_column_that_could_fill_the_memory_is_left_out_and_named(tmp_path):
    import pyarrow
    import pyarrow.parquet

    source = tmp_path / "in.parquet"
    columns = {"text": ["GOOD"], "scan": [b"x" * 150_000_000], "id": [7]}
    pyarrow.parquet.write_table(pyarrow.table(columns), source, compression="zstd")
    assert AskedRows(str(source), {"text": ["text"]}).left_out() == ["scan"]
    predict(source, tmp_path / "out.csv")
    assert list(csv_rows(tmp_path / "out.csv")[0])[:3] == ["text", "id", "predicted_label"]
    with pytest.raises(RunError, match="'scan'"):
        predict(source, tmp_path / "out.csv", "scan")


def test_rows_that_wait_for_their_prediction_do_not_fill_the_memory(tmp_path):
    """A model may ask for a thousand texts before it answers the first."""
    source = tmp_path / "in.jsonl"
    row = {"text": "GOOD", "other": "x" * 1_000_000}
    source.write_text("".join(json.dumps(row | {"id": n}) + "\n" for n in range(50)))
    asked = []

    class GreedyModel(ShoutingModel):
        def stream(self, texts):
            batch = list(texts)
            asked.append(len(batch))
            return super().stream(iter(batch))

    assert predict(source, tmp_path / "out.csv", model=GreedyModel()) == 50
    assert max(asked) < 20 and sum(asked) == 50
    assert [row["id"] for row in csv_rows(tmp_path / "out.csv")] == list(map(str, range(50)))


def test_a_text_file_has_a_review_a_line(tmp_path):
    source, target = tmp_path / "in.txt", tmp_path / "out.csv"
    source.write_bytes("\ufeffGREAT\r\n\r\nnot, so\n".encode())
    assert predict(source, target) == 2
    assert [row["text"] for row in csv_rows(target)] == ["GREAT", "not, so"]


def test_a_format_that_was_registered_elsewhere_is_predicted_too(tmp_path, toy_format):
    (tmp_path / "in.cards").write_text("text: GREAT\nid: 1\n\ntext: not so\nid: 2\n")
    assert predict(tmp_path / "in.cards", tmp_path / "out.csv") == 2
    rows = csv_rows(tmp_path / "out.csv")
    assert [(row["id"], row["predicted_label"]) for row in rows] == [
        ("1", "positive"),
        ("2", "negative"),
    ]


def test_predicting_predictions_replaces_them(tmp_path):
    source, once, twice = (tmp_path / name for name in ("in.txt", "once.csv", "twice.csv"))
    source.write_text("GREAT\n")
    predict(source, once)
    predict(once, twice)
    assert once.read_text() == twice.read_text()


@pytest.mark.parametrize(
    ("name", "content", "target", "error", "message"),
    [
        ("in.csv", "text\na\n", "out.docx", UsageError, "use .csv, .tsv, .*xlsx"),
        (
            "in.csv",
            "text\na\na __label__b\n",
            "out.fasttext",
            RunError,
            "row 2: '__label__b' in the",
        ),
        ("in.csv", "text\na\n", "in.csv", UsageError, "is the input"),
        ("in.csv", "text\na\n", "no/out.csv", RunError, "there is no folder"),
        ("in.csv", "Text\na\n", "out.csv", RunError, "did you mean 'Text'"),
        ("in.csv", "text\n", "out.csv", RunError, "has no rows"),
        ("in.csv", 'text\n"a\n', "out.csv", RunError, "quote"),
        ("in.txt", b"a\n\xff\n", "out.csv", RunError, "row 2: byte 0xff after 0 char"),
        ("in.csv", b"text\na\n\xff\n", "out.csv", RunError, "row 3: byte 0xff"),
        ("in.txt", b"a\n" + b"x" * (1 << 24) + b"y", "out.csv", RunError, "line 2 is longer than"),
        ("in.jsonl", '{"text": "a", "\\ud83d": 1}', "out.csv", RunError, "row 1: .* half a char"),
        (
            "in.jsonl",
            '{"text": "a"}\n{"text": "a", "b": 1}\n',
            "out.csv",
            RunError,
            r"row 2 .*\(b\)",
        ),
    ],
)
def test_wrong_files_are_told_and_leave_nothing(tmp_path, name, content, target, error, message):
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(error, match=message):
        predict(tmp_path / name, tmp_path / target, dialect=Dialect("utf-8"))
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_every_row_is_read_before_the_first_is_predicted(tmp_path):
    (tmp_path / "in.csv").write_bytes(b"text\n" + b"a\n" * ROWS + b"\xff\n")
    with pytest.raises(RunError, match=f"row {ROWS + 2}: byte 0xff"):
        predict(tmp_path / "in.csv", tmp_path / "out.csv", dialect=Dialect("utf-8"))


def test_rows_are_taken_only_as_the_model_asks_for_them(tmp_path):
    (tmp_path / "in.txt").write_text("a\n" * ROWS)
    ahead = []

    class ObservedModel(ShoutingModel):
        def stream(self, texts):
            taken = []
            counted = (taken.append(text) or text for text in texts)
            for done, prediction in enumerate(super().stream(counted)):
                ahead.append(len(taken) - done)
                yield prediction

    predict(tmp_path / "in.txt", tmp_path / "out.csv", model=ObservedModel())
    assert max(ahead) < 10


def test_other_classes_in_the_middle_are_told(tmp_path):
    class ReloadedModel:
        def stream(self, texts):
            for _, classes in zip(texts, ("ab", "ba"), strict=False):
                yield Prediction("a", dict.fromkeys(classes, 0.5))

    (tmp_path / "in.txt").write_text("1\n2\n")
    with pytest.raises(RunError, match="row 2: the server has loaded a model with other classes"):
        predict(tmp_path / "in.txt", tmp_path / "out.csv", model=ReloadedModel())


def test_a_failure_leaves_the_former_output(tmp_path):
    (tmp_path / "in.txt").write_bytes(b"a\n\xff\n")
    (tmp_path / "out.csv").write_text("former")
    with pytest.raises(RunError):
        predict(tmp_path / "in.txt", tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_text() == "former"


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(texts=st.lists(st.text(st.characters(codec="utf-8", exclude_categories=["Cc"])), min_size=1))
def test_any_text_comes_back_unchanged(tmp_path, texts):
    source, target = tmp_path / "in.jsonl", tmp_path / "out.csv"
    source.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    assert predict(source, target) == len(texts)
    assert [row["text"] for row in csv_rows(target)] == texts


class Echo:
    """Keeps what it is asked, and answers with one class."""

    def __init__(self):
        self.asked = []

    def stream(self, rows):
        for row in rows:
            self.asked.append(row)
            yield Prediction("a", {"a": 1.0})


def test_texts_are_made_as_those_were_that_a_model_has_learnt_from(tmp_path):
    source, model = tmp_path / "in.csv", Echo()
    source.write_text("Title,Raw,id\nGood,Re: It &lt;3 <b>fits</b>.,1\n,Broke.,2\n")
    columns = {
        "text": ["Title", "body"],
        "derived": {"body": {"column": "Raw", "pattern": "^(?:Re: )?(.*)"}},
    }
    rows = AskedRows(str(source), columns, named_by="the model")
    assert rows.check(None) == 2
    write_predictions(predicted_rows(model, rows), str(tmp_path / "out.csv"))
    assert model.asked == ["Good It <3 fits.", "Broke."]
    written = csv_rows(tmp_path / "out.csv")
    assert [row["Raw"] for row in written] == ["Re: It &lt;3 <b>fits</b>.", "Broke."]
    assert list(written[0]) == ["Title", "Raw", "id", "predicted_label", "probability_a"]

    predict(source, tmp_path / "out.csv", "Title", "Raw", model=model, as_given=True)
    assert model.asked[2] == "Good Re: It &lt;3 <b>fits</b>."
    with pytest.raises(RunError, match="no column 'Text', which the model names"):
        AskedRows(str(source), {"text": ["Text"]}, named_by="the model").check(None)


def test_a_question_is_asked_that_is_in_the_file_or_given(tmp_path):
    source, model = tmp_path / "in.csv", Echo()
    source.write_text("context,q\nIt lasted.,How long?\n")
    columns = {"text": ["context"], "question": "q"}
    for question in (None, "What?"):
        list(predicted_rows(model, AskedRows(str(source), columns, question=question)))
    assert [row["question"] for row in model.asked] == ["How long?", "What?"]
    assert {row["context"] for row in model.asked} == {"It lasted."}


def test_what_is_there_already_is_replaced_only_by_force(tmp_path):
    source, target = tmp_path / "in.txt", tmp_path / "out.csv"
    source.write_text("GREAT\n")
    target.write_text("former")
    rows = AskedRows(str(source), {"text": ["text"]})
    with pytest.raises(UsageError, match="out.csv: is there already; .*--force"):
        rows.check(str(target), force=False)
    assert rows.check(str(target), force=True) == 1
    assert rows.check("-", force=False) == 1
    assert target.read_text() == "former"


def test_what_is_not_likely_enough_is_not_told():
    unsure = Prediction("b", {"a": 0.3, "b": 0.6, "c": 0.1})
    assert unsure.at_least(0.6) == unsure
    assert unsure.at_least(0.61).rows()[0]["predicted_label"] == "unsure"
    found = Entities((Entity(0, 1, "x", 0.5, "a"), Entity(2, 3, "x", 0.9, "b")))
    assert [each.text for each in found.at_least(0.7).entities] == ["b"]
    assert Answer("a", 0, 1, 0.5).at_least(0.7) == Answer("", 0, 0, 0.5)
    assert Answer("", 0, 0, 0.5).at_least(0.7) == Answer("", 0, 0, 0.5)


def test_the_most_likely_classes_come_first():
    few = Prediction("b", {"a": 0.3, "b": 0.6, "c": 0.1}).most_likely(2)
    assert few.rows() == [
        {
            "predicted_label": "b",
            **{"top_1": "b", "top_1_probability": 0.6},
            **{"top_2": "a", "top_2_probability": 0.3},
        }
    ]
    assert list(few.record()["probabilities"]) == ["b", "a"]
    assert few.cells() == [("label", "b"), ("top 1", "b 0.600"), ("top 2", "a 0.300")]
