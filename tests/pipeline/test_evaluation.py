"""Judging a model by a labelled file, with models that know what they are asked."""

from __future__ import annotations

import json

import pytest

from reviewlens.components.review_example_gen.settings import DataSettings
from reviewlens.errors import RunError, UsageError
from reviewlens.pipeline.cli import main
from reviewlens.pipeline.evaluation import (
    evaluate_file,
    settings_of_columns,
    text_fingerprint,
    texts_learnt,
)
from reviewlens.pipeline.report.analysis.answers import PredictionsFile
from reviewlens.pipeline.report.html.page import make_sections, render_page
from reviewlens.serving import Answer, Entities, Entity, Prediction

HOSTILE = "<script>alert(1)</script> bad \u202e ]]>"


class Answers:
    """Says of each row what a function says."""

    def __init__(self, answer):
        self._answer = answer

    def stream(self, rows):
        for row in rows:
            yield self._answer(row)


def named(text):
    """Takes what has "bad" in it for bad, and is sure of it."""
    bad = 0.9 if "bad" in text else 0.2
    return Prediction("bad" if bad > 0.5 else "good", {"bad": bad, "good": 1 - bad})


@pytest.fixture
def labelled(tmp_path):
    """Six reviews that can be used, one of them named wrong by `named`, and two others."""
    rows = [
        *({"text": text, "label": label, "shop": "Ulm"} for text, label in [("bad", "bad")] * 2),
        {"text": HOSTILE, "label": "bad", "shop": "Jena"},
        {"text": "fine", "label": "good", "shop": "Jena"},
        {"text": "not so bad", "label": "good", "shop": "Jena"},
        {"text": "nice", "label": "good", "shop": "Ulm"},
        {"text": "", "label": "good", "shop": "Ulm"},
        {"text": "odd", "label": "odd", "shop": "Ulm"},
    ]
    path = tmp_path / "new.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.fixture
def of_classes(labelled):
    return settings_of_columns(str(labelled), "text", "label", ["bad", "good"], ["shop"])


def test_the_figures_are_those_of_the_rows_that_can_be_used(of_classes, tmp_path):
    facts, known = evaluate_file(
        Answers(named), "text-classification", of_classes, str(tmp_path / "out")
    )

    data, test = facts.summary["data"], facts.summary["metrics"]["test"]
    assert (data["read"], data["kept"], data["rejected"], known) == (8, 6, 2, 0)
    assert data["rejected_because"] == {"empty-text": 1, "unknown-label": 1}
    assert data["kinds"] == {"test": {"bad": 3, "good": 3}}
    assert test["accuracy"] == pytest.approx(5 / 6)
    assert test["confusion_matrix"] == [[3, 0], [1, 2]]
    assert test["slices"]["shop=Ulm"]["accuracy"] == 1
    assert test["slices"]["shop=Jena"]["examples"] == 3
    file = PredictionsFile(str(tmp_path / "out" / "predictions.parquet"))
    assert (file.task, file.labels, len(file)) == ("text-classification", ("bad", "good"), 6)


def test_its_report_has_the_sections_of_a_run(of_classes, tmp_path):
    facts, _ = evaluate_file(Answers(named), "text-classification", of_classes, str(tmp_path))

    sections = make_sections(facts)
    page = render_page("x", sections)
    assert {"data", "results"} <= {section.id for section in sections}
    assert 'data-key="data.read" data-value="8"' in page
    own = [section for section in sections if section.id in ("data", "results", "errors")]
    assert "could not be made" not in render_page("x", own)
    assert "<script" not in page


def test_entities_are_judged(tmp_path):
    path = tmp_path / "new.jsonl"
    rows = [{"text": "The fish!", "entities": [[4, 8, "food"]]}, {"text": "Hm", "entities": []}]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    settings = DataSettings(str(path), ("text",), {"food": None}, entities="entities")
    model = Answers(
        lambda text: Entities((Entity(4, 8, "food", 0.75, "fish"),) if "fish" in text else ())
    )

    facts, _ = evaluate_file(model, "token-classification", settings, str(tmp_path / "out"))

    test = facts.summary["metrics"]["test"]
    assert (test["examples"], test["f1"], test["ece"]) == (2, 1.0, 0.25)


def test_answers_are_judged(tmp_path):
    path = tmp_path / "new.jsonl"
    rows = [
        {"text": "It lasted two years.", "question": "For how long?", "answer": "two years"},
        {"text": "It is blue, I think so.", "question": "For how long?", "answer": ""},
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    settings = DataSettings(str(path), ("text",), question="question", answer="answer")
    model = Answers(lambda row: Answer(row["context"][10:19], 10, 19, 0.5))

    facts, _ = evaluate_file(model, "question-answering", settings, str(tmp_path / "out"))

    test = facts.summary["metrics"]["test"]
    assert test["has_answer"] == {"examples": 1, "f1": 1.0, "exact": 1.0}
    assert test["no_answer"]["examples"] == 1 and test["no_answer"]["f1"] == 0


def test_what_the_model_has_learnt_from_is_told(of_classes, tmp_path):
    seen = frozenset({text_fingerprint("bad"), text_fingerprint("something else")})

    _, known = evaluate_file(
        Answers(named), "text-classification", of_classes, str(tmp_path / "out"), seen
    )

    assert known == 2
    assert texts_learnt(str(tmp_path / "out" / "serving" / "mine" / "1")) is None


def test_a_file_of_which_nothing_can_be_used_is_told(of_classes, tmp_path):
    (tmp_path / "new.jsonl").write_text('{"text": "", "label": "bad", "shop": ""}\n')

    with pytest.raises(RunError, match="no row can be used .empty-text 1"):
        evaluate_file(Answers(named), "text-classification", of_classes, str(tmp_path / "o"))


def test_a_model_of_other_classes_is_told(of_classes, tmp_path):
    model = Answers(lambda text: Prediction("cat", {"cat": 0.5, "dog": 0.5}))

    with pytest.raises(UsageError, match="does not answer with bad, good"):
        evaluate_file(model, "text-classification", of_classes, str(tmp_path / "out"))


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["new.csv"], "give either MODEL FILE or --server"),
        (["model", "new.csv", "--server", "localhost:1"], "give either MODEL FILE or --server"),
        (["model", "new.csv", "--grpc"], "--grpc go with --server"),
        (["model", "new.csv", "--config", "c.yaml", "--label", "x"], "for files without --config"),
        (["model", "new.csv", "--output", "report.pdf"], "its ending is .html"),
        (["model", "new.csv", "--predictions", "p.csv"], "its ending is .parquet"),
        (["model", "new.csv", "--output", "no/where.html"], "there is no folder"),
        (["nowhere", "new.csv"], "no such directory"),
    ],
)
def test_wrong_usage_is_told_before_anything_is_loaded(words, told, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)

    assert main(["evaluate", *words]) != 0
    assert told in capsys.readouterr().err


def test_classes_that_are_left_out_are_those_of_the_model(served, tmp_path, capsys):
    rows = [
        {"comment": text, "mood": mood}
        for text, mood in [("It broke at once.", "negative"), ("It fits, great.", "positive")] * 3
    ]
    file, config = tmp_path / "new.jsonl", tmp_path / "mine.yaml"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    config.write_text(
        f"{{name: mine, output: out, data: {{input: {file}, text: comment, label: mood}}}}"
    )
    assert main(["evaluate", served.directory, str(file), "--config", str(config)]) == 0
    assert "read 6 = kept 6 + rejected 0" in capsys.readouterr().out
    with open(file, "a", encoding="utf-8") as stream:
        stream.write(json.dumps({"comment": "Hm.", "mood": "mixed"}) + "\n")
    assert main(["evaluate", served.directory, str(file), "--config", str(config)]) == 0
    assert "unknown-label 1" in capsys.readouterr().out
