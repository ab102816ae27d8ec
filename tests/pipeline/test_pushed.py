"""Where a pushed model lies, which run pushed it, and what it says it was trained on."""

from __future__ import annotations

import json

import pytest

from reviewlens.errors import RunError
from reviewlens.pipeline.pushed import columns_of, runs_that_pushed, version_of


def test_a_model_is_found_by_its_version_its_base_or_its_run(tmp_path):
    base = tmp_path / "run" / "serving" / "mine"
    for number in (3, 12):
        (base / str(number)).mkdir(parents=True)
        (base / str(number) / "saved_model.pb").touch()
    (tmp_path / "run" / "summary.json").write_text("{}")

    newest = str(base / "12")
    assert version_of(str(base / "3")) == str(base / "3")
    assert version_of(str(base)) == version_of(str(tmp_path / "run")) == newest
    (base.parent / "other").mkdir()
    with pytest.raises(RunError, match="2 models"):
        version_of(str(tmp_path / "run"))
    with pytest.raises(RunError, match="no such directory"):
        version_of(str(tmp_path / "nowhere"))
    with pytest.raises(RunError, match="holds no model"):
        version_of(str(base.parent / "other"))
    assert version_of("gs://bucket/mine") == "gs://bucket/mine"


def test_the_run_that_pushed_a_version_is_found_after_others(tmp_path):
    version = tmp_path / "run" / "serving" / "mine" / "3"
    version.mkdir(parents=True)
    old, last = tmp_path / "run" / "runs" / "1", tmp_path / "run"
    old.mkdir(parents=True)
    (old / "summary.json").write_text(json.dumps({"pushed_to": "/moved/serving/mine/3", "n": 1}))
    (last / "summary.json").write_text(json.dumps({"pushed_to": "/moved/serving/mine/4"}))
    assert list(runs_that_pushed(str(version))) == [
        (str(old / "summary.json"), {"pushed_to": "/moved/serving/mine/3", "n": 1})
    ]
    (last / "summary.json").write_text("[]")
    assert len(list(runs_that_pushed(str(version)))) == 1
    assert list(runs_that_pushed(str(version.parent / "5"))) == []


def test_a_model_says_which_columns_it_was_trained_on(tmp_path):
    card = tmp_path / "assets.extra" / "model.json"
    assert columns_of(str(tmp_path)) == {"text": ["text"]}
    card.parent.mkdir()
    card.write_text('{"columns": {"text": ["title", "review"]}}')
    assert columns_of(str(tmp_path)) == {"text": ["title", "review"]}
    card.write_text("[]")
    with pytest.raises(RunError, match="holds no JSON object"):
        columns_of(str(tmp_path))
