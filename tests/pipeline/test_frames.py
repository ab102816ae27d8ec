"""Frames in, a model out; texts in, answers out."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest

import reviewlens
from reviewlens.errors import RunError, UsageError

WORDS = {"good": "fits well and looks great", "bad": "came broken and fell apart"}
COLUMNS = {
    "text": ["title", "body"],
    "derived": {"body": {"column": "raw", "pattern": "(?s)^(?:Re: )?(.*)"}},
}


@pytest.fixture(scope="module")
def model(served, tmp_path_factory):
    """One that was trained on a title and on what follows "Re: "."""
    directory = tmp_path_factory.mktemp("model") / "1"
    shutil.copytree(served.directory, directory)
    card = directory / "assets.extra" / "model.json"
    card.write_text(json.dumps(json.loads(card.read_text()) | {"columns": COLUMNS}))
    return reviewlens.load(str(directory.parent))


TEXTS = ["It fits, great.", "", "Came broken. Never &amp; again."]


def test_texts_are_cleaned_as_those_that_were_learnt_from(model):
    plain = model.predict(["It fits, great.", "", "Came broken. Never & again."])
    assert model.predict(TEXTS) == model.predict(np.array(TEXTS)) == plain
    assert model.predict([TEXTS[0], None, TEXTS[2]]) == plain
    assert [each.label in model.labels for each in plain] == [True] * 3
    assert model.predict([]) == []
    assert model.summary is None and model.report is None
    with pytest.raises(TypeError, match="put it into a list"):
        model.predict("Great.")


def test_what_a_model_is_not_sure_of_it_need_not_say(model):
    sure = [each.probabilities[each.label] for each in model.predict(TEXTS)]
    limit = sum(sorted(sure)[:2]) / 2
    named = [share >= limit for share in sure]
    for found in (
        [each.label for each in model.predict(TEXTS, min_confidence=limit)],
        list(model.predict(pd.Series(TEXTS), min_confidence=limit)["predicted_label"]),
    ):
        assert [label != "unsure" for label in found] == named
    with pytest.raises(UsageError, match="min_confidence 70: is from 0 to 1"):
        model.predict(TEXTS, min_confidence=70)


def test_a_series_becomes_a_frame_of_its_library(model):
    plain = model.predict(TEXTS)
    names = ["predicted_label", *(f"probability_{label}" for label in model.labels)]

    frame = model.predict(pd.Series([TEXTS[0], np.nan, TEXTS[2]], index=[7, 7, 9], name="review"))
    assert list(frame.columns) == names and list(frame.index) == [7, 7, 9]
    assert list(frame["predicted_label"]) == [each.label for each in plain]
    assert frame[names[1:]].sum(axis=1).tolist() == pytest.approx([1, 1, 1], abs=1e-5)

    frame = model.predict(pl.Series([TEXTS[0], None, TEXTS[2]]))
    assert isinstance(frame, pl.DataFrame) and frame.columns == names
    assert frame["predicted_label"].to_list() == [each.label for each in plain]
    assert model.predict(pl.Series([], dtype=pl.String)).columns == names


def test_a_frame_keeps_its_columns_and_its_index(model):
    plain = model.predict(["Good It fits.", "5 ", "Bad Broke."])
    rows = {
        "title": ["Good", 5, "Bad"],
        "raw": ["Re: It fits.", None, "Broke."],
        "when": [1.5, 2.5, 3.5],
    }
    frame = pd.DataFrame(rows | {"title": ["Good", "5", "Bad"]}, index=["a", "b", "b"])
    found = model.predict(frame)
    assert list(found.columns[:4]) == ["title", "raw", "when", "predicted_label"]
    assert list(found.index) == ["a", "b", "b"] and list(frame.columns) == list(rows)
    assert list(found["predicted_label"]) == [each.label for each in plain]
    again = model.predict(pl.from_pandas(frame))
    assert again["probability_positive"].to_list() == found["probability_positive"].tolist()
    assert model.predict(frame[:0]).shape == (0, 7)

    with pytest.raises(UsageError, match=r"no column 'title' .*, 'raw' .*; its columns: 'when'"):
        model.predict(frame[["when"]])
    with pytest.raises(UsageError, match="cannot be read"):
        model.predict(pd.DataFrame(rows))


def test_what_is_no_model_is_told(tmp_path):
    with pytest.raises(RunError, match="no such directory"):
        reviewlens.load(str(tmp_path / "nowhere"))


def test_what_is_wrong_is_told_before_anything_runs(tmp_path):
    frame = pl.DataFrame({"review": ["a", "b"], "label": ["x", "y"]})
    with pytest.raises(UsageError, match="no column 'text' .data.text.; its columns: 'review'"):
        reviewlens.fit(frame, text="text", label="label", output=str(tmp_path))
    with pytest.raises(UsageError, match=r"config.yaml:\d+: training.epoch: .*epochs"):
        reviewlens.fit(frame, text="review", label="label", training={"epoch": 1})
    with pytest.raises(TypeError):
        reviewlens.fit([1, 2], text="review", label="label")


@pytest.mark.slow
def test_three_lines_train_a_model_of_a_frame(reviews, capfd):
    labels = [*WORDS] * 150
    texts = [f"{text} {WORDS[label]}" for text, label in zip(reviews, labels, strict=False)]
    options = {"model": {"algorithm": "ngrams"}, "ngrams": {"buckets": 4096}}

    # Without an output: in a folder that goes with the model.
    frame = pd.DataFrame({"review": texts, "kind": pd.Categorical(labels)}, index=range(7, 307))
    model = reviewlens.fit(frame, text="review", label="kind", **options)
    assert model.labels == ["bad", "good"] and model.columns == {"text": ["review"]}
    assert model.summary["metrics"]["test"]["accuracy"] > 0.9
    assert Path(model.report).name == "report.html" and Path(model.report).exists()
    assert "done" in capfd.readouterr().out
    found = model.predict(pl.Series(["Came broken.", "Looks great, fits well."]))
    assert found["predicted_label"].to_list() == ["bad", "good"]
    assert list(model.predict(frame[:4])["predicted_label"]) == labels[:4]

    output = str(Path(model.report).parent)
    loaded = reviewlens.load(output)
    assert loaded.predict(["Came broken."]) == model.predict(["Came broken."])
    assert loaded.summary["run"]["id"] == model.summary["run"]["id"]
    assert loaded.report == model.report

    # The same rows, whatever library has them.
    same = pl.DataFrame({"review": texts, "kind": labels})
    again = reviewlens.fit(same, text="review", label="kind", output=output, **options)
    assert {"review-example-gen", "ngram-trainer", "exporter"} <= set(again.summary["cached"])
