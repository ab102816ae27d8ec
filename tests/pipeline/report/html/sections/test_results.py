"""The sections on results and errors: what they show of the files of each task."""

from __future__ import annotations

import json
import os

import numpy as np
import pyarrow as pa
import pytest

from reviewlens.pipeline.report.html.blocks import (
    Cell,
    Figure,
    Group,
    Paragraph,
    Table,
    Texts,
)
from reviewlens.pipeline.report.html.facts import RunFacts
from reviewlens.pipeline.report.html.page import make_sections, render_page
from reviewlens.pipeline.report.html.sections.errors import errors
from reviewlens.pipeline.report.html.sections.results import results

LABELS = ["bad", "fair", "good"]
HOSTILE = "<script>alert(1)</script>]]>\u202e" + "x" * 100_000
HERE = "reviewlens.pipeline.report.html.sections"


def classified(rows=300):
    """Columns of a classifier that is wrong about a tenth, of a hostile review among others."""
    random = np.random.default_rng(5)
    truth = np.arange(rows) % 3
    probabilities = np.eye(3)[np.where(random.random(rows) < 0.1, (truth + 1) % 3, truth)]
    probabilities = probabilities * 0.7 + 0.1
    probabilities[0] = [0.02, 0.96, 0.02]
    return {
        "id": pa.array([b"%d" % row for row in range(rows)]),
        "split": pa.array(["eval" if row % 3 == 1 and row % 2 else "test" for row in range(rows)]),
        "text": pa.array([HOSTILE, *(f"text {row}" for row in range(1, rows))]),
        "label": pa.array(truth),
        "slice_shop": pa.array([None if row % 7 else "v1.0" for row in range(rows)]),
        "candidate_decided": pa.array(probabilities.argmax(axis=1)),
        "candidate_probabilities": pa.array(probabilities.tolist(), pa.list_(pa.float32())),
    }


SUMMARY = {
    "metrics": {
        "test": {
            "macro_f1": 0.9012345,
            "accuracy": 0.9,
            "per_class": {"bad": {"f1": 0.91, "support": 100}},
            "slices": {"shop=v1.0": {"macro_f1": 0.95}},
        },
        "ngram_baseline": {
            "macro_f1": 0.8,
            "sentence": "The encoder is ahead of the n-grams.",
            "gain": {
                "macro_f1": {"value": 0.1, "low": 0.05, "high": 0.15},
                "log_loss": {"value": -0.2, "low": -0.3, "high": -0.1},
            },
        },
        "baseline": None,
    }
}


@pytest.fixture
def run_with(write_predictions):
    """Facts of a run whose evaluator has left these columns."""

    def run(columns, labels=LABELS, summary=SUMMARY):
        path = write_predictions(columns, labels)
        folder = f"{path}-artifact"
        os.mkdir(folder)
        os.rename(path, os.path.join(folder, "predictions.parquet"))
        return RunFacts(folder, summary, {"evaluator": {"evaluation": folder}})

    return run


def blocks_of(blocks):
    """Every block, those of groups as well."""
    for block in blocks:
        yield block
        if isinstance(block, Group):
            yield from blocks_of(block.blocks)


def groups_of(section):
    return {block.title: block for block in section.blocks if isinstance(block, Group)}


def test_figures_are_those_of_the_summary_with_intervals_of_the_predictions(run_with):
    section = results(run_with(classified()))

    figures, *_ = (block for block in section.blocks if isinstance(block, Table))
    assert figures.columns == ("figure", "model", "n-grams")
    macro = figures.rows[0]
    assert macro[1].key == "metrics.test.macro_f1" and macro[1].value == 0.9012345
    value, low, high = macro[1].text.replace("(", "").replace(")", "").replace("–", " ").split()
    assert value == "0.901" and float(low) < 0.9 < float(high)
    assert macro[2] == Cell("0.800", "metrics.ngram_baseline.macro_f1", 0.8)
    groups = groups_of(section)
    assert list(groups) == [
        "Against other models",
        "By class",
        "What is taken for what",
        "Is it as sure as it should be?",
        "Precision and recall",
        "By shop",
    ]
    against = groups["Against other models"].blocks
    assert against[0] == Paragraph("The encoder is ahead of the n-grams.")
    # Of the log loss less is better.
    assert [row[2].tone for row in against[1].rows] == ["good", "good"]
    bad, fair, _ = groups["By class"].blocks[0].rows
    assert bad[-1].key == "metrics.test.per_class.bad.support" and bad[-1].value == 100
    # The summary tells nothing of it.
    assert fair[3].value is None and "–" in fair[3].text and fair[3].text != "–"
    (shops,) = groups["By shop"].blocks
    assert [row[0].text for row in shops.rows] == ["(none)", "v1.0"]
    assert shops.rows[1][1].value == 0.95 and shops.rows[1][1].text.startswith("0.950 (")
    for name in ("What is taken for what", "Is it as sure as it should be?"):
        (figure,) = groups[name].blocks
        assert isinstance(figure, Figure) and figure.svg.startswith("<svg")
    assert "texts of" in groups["What is taken for what"].blocks[0].alternative


def test_the_last_blessed_model_stands_beside_the_others(run_with):
    gain = {"macro_f1": {"value": -0.05, "low": -0.08, "high": -0.02}}
    of_last = {"macro_f1": 0.95, "gain": gain}
    summary = {"metrics": {**SUMMARY["metrics"], "baseline": of_last}}

    section = results(run_with(classified(), summary=summary))

    figures, *_ = (block for block in section.blocks if isinstance(block, Table))
    assert figures.columns == ("figure", "model", "n-grams", "last blessed")
    assert figures.rows[0][3].value == 0.95
    rows = groups_of(section)["Against other models"].blocks[-1].rows
    assert [cell.text for cell in rows[-1]] == [
        *("last blessed", "macro-F1"),
        *("-0.050", "-0.080", "-0.020"),
    ]
    assert rows[-1][2].tone == "bad"


def test_the_worst_errors_and_suspicious_labels_are_shown_clipped_and_as_text(run_with):
    facts = run_with(classified())

    section = errors(facts)
    page = render_page("a", [section])

    groups = groups_of(section)
    assert list(groups) == ["Worst errors", "Labels that are probably wrong"]
    (worst,) = (block for block in groups["Worst errors"].blocks if isinstance(block, Texts))
    assert worst.texts[0].notes == (
        "label: bad",
        "model: fair, 96% sure",
        "2% for the label",
        "id 0",
    )
    told = groups["Labels that are probably wrong"].blocks
    assert "of the 300 texts of the splits eval and test" in told[0].text
    assert told[-1].texts[0].notes[1] == "probably fair, 96% sure"
    assert "<script>" not in page and "&lt;script&gt;" in page and len(page) < 100_000


def test_many_classes_are_not_drawn_but_told(run_with):
    rows = 500
    labels = [f"class {index}" for index in range(50)]
    truth = np.arange(rows) % 50
    decided = np.where(np.arange(rows) < 25, (truth + 1) % 50, truth)
    probabilities = (np.eye(50)[decided] * 0.5 + 0.01).tolist()
    columns = {
        "id": pa.array([b"%d" % row for row in range(rows)]),
        "split": pa.array(["test"] * rows),
        "text": pa.array(["a"] * rows),
        "label": pa.array(truth),
        "candidate_decided": pa.array(decided),
        "candidate_probabilities": pa.array(probabilities, pa.list_(pa.float32())),
    }

    groups = groups_of(results(run_with(columns, labels)))

    (confused,) = groups["What is taken for what"].blocks
    assert confused.rows[0] == ("class 0", "class 1", "1") and len(confused.rows) == 12
    (curves,) = groups["Precision and recall"].blocks
    assert "of the 6 classes with most texts" in curves.caption


def test_entities_and_questions_have_sections_of_their_own(run_with):
    there = ["0:4:0", "", "2:5:1"] * 20
    entities = {
        "id": pa.array([b"%d" % row for row in range(60)]),
        "split": pa.array(["test"] * 60),
        "text": pa.array(["Food and service"] * 60),
        "spans": pa.array(there),
        "slice_shop": pa.array(["north", "south"] * 30),
        "candidate_spans": pa.array(["0:4:0", "", "2:6:1"] * 20),
        "candidate_scores": pa.array([[0.9], [], [0.6]] * 20, pa.list_(pa.float32())),
    }
    questions = {
        "id": pa.array([b"%d" % row for row in range(60)]),
        "split": pa.array(["test"] * 60),
        "text": pa.array(["It is about red shoes"] * 60),
        "question": pa.array(["Which?"] * 60),
        "answers": pa.array([json.dumps(["red shoes"]), "[]"] * 30),
        "candidate_answer": pa.array(["shoes", "shoes"] * 30),
        "candidate_score": pa.array([0.9, 0.2] * 30, pa.float32()),
    }
    plain = {"metrics": {"test": {"f1": 0.5}, "baseline": None, "ngram_baseline": None}}

    sections = [
        make_sections(facts, [f"{HERE}.results:results", f"{HERE}.errors:errors"])
        for facts in (
            run_with(entities, ["food", "other"], plain),
            run_with(questions, [], plain),
        )
    ]

    for found, wrong in sections:
        table = next(block for block in found.blocks if isinstance(block, Table))
        assert table.rows[0][1].text.startswith("0.500 (")
        assert "Is it as sure as it should be?" in groups_of(found)
        assert list(groups_of(wrong)) == ["Worst errors"]
    assert list(groups_of(sections[0][0]))[0] == "By type" and "By shop" in groups_of(
        sections[0][0]
    )
    texts = list(blocks_of(sections[1][1].blocks))[-1].texts
    assert texts[0].text == "Which?\nIt is about red shoes"
    assert texts[0].notes == ("label: none", "model: shoes, 20% sure", "id 1")


def test_a_run_without_predictions_has_no_such_sections(run_with):
    nothing = RunFacts("", SUMMARY, {})
    of_old = {
        name: column
        for name, column in classified().items()
        if name not in ("split", "text", "slice_shop")
    }

    unknown = run_with({"id": pa.array([b"1"]), "mood": pa.array(["sad"])})

    assert results(nothing) is None and errors(nothing) is None
    assert results(unknown) is None and errors(unknown) is None
    assert errors(run_with(of_old)) is None and results(run_with(of_old)) is not None
