"""What a run ends with whose model is not fit to be pushed, and what it is compared with."""

from __future__ import annotations

import json

import pytest

from reviewlens.pipeline.commands import run as run_command

LATER = {"weights": "2"}


def baseline(tmp_path):
    """The weights of the model with which the last one was compared."""
    folder = tmp_path / "pipeline" / "evaluator" / "blessing"
    newest = max(folder.iterdir(), key=lambda path: int(path.name))
    return (newest / "baseline").read_text()


def versions(tmp_path):
    return sorted(path.name for path in (tmp_path / "serving" / "toy").iterdir())


@pytest.mark.parametrize("judge", ["evaluator", "validator"])
def test_a_refused_model_is_no_success_and_its_pusher_is_skipped(
    run_models, tmp_path, capfd, judge
):
    for _ in ("made", "cached"):
        result = run_models(**{judge: "too bad"})
        assert result.refused
        assert result.states["pusher"] == "skipped"
        assert ["pusher", "skipped"] in [
            line.split()[1:3] for line in capfd.readouterr().out.splitlines()
        ]
    assert result.states["trainer"] == "cached"
    assert "pusher" in json.loads((tmp_path / "summary.json").read_text())["cached"]
    assert not (tmp_path / "serving").exists()


def test_a_blessed_model_is_a_success(run_models):
    result = run_models()

    assert not result.refused
    assert result.states["pusher"] == "done"
    assert run_models().states["pusher"] == "cached"


def test_a_run_that_ends_with_the_judge_is_judged_by_it(run_models):
    assert run_models(to_node="evaluator", evaluator="too bad").refused
    assert not run_models(to_node="trainer").refused
    run_models(evaluator="too bad")
    assert run_models(from_node="pusher", evaluator="too bad").refused


@pytest.mark.parametrize(("evaluator", "code"), [("", 0), ("too bad", 3)])
def test_the_command_ends_with_the_code_of_its_outcome(
    run_models, config_file, monkeypatch, capsys, evaluator, code
):
    result = run_models(evaluator=evaluator)
    monkeypatch.setattr("reviewlens.pipeline.local.runner.run", lambda *_, **__: result)
    arguments = run_command.make_parser().parse_args([config_file()])

    assert run_command.execute(arguments) == code
    assert ("not blessed, so not pushed:\n  too bad" in capsys.readouterr().out) == bool(code)


def test_a_model_is_compared_with_the_last_blessed_one(run_models, tmp_path):
    run_models()
    assert baseline(tmp_path) == "none"
    run_models(**LATER)
    assert baseline(tmp_path) == "1"
    # Neither with itself nor with one that was refused.
    assert set(run_models(**LATER).states.values()) == {"cached", "done"}
    run_models(weights="3", evaluator="too bad")
    run_models(weights="4")
    assert baseline(tmp_path) == "2"


def test_without_records_a_model_is_compared_with_the_last_pushed_one(run_models, tmp_path):
    run_models()
    run_models(**LATER)
    (tmp_path / "metadata.sqlite").unlink()

    run_models(weights="3")
    assert baseline(tmp_path) == "2"
    # What is the same as before comes from the cache, the comparison included.
    states = run_models(weights="3").states
    assert {node for node in states if states[node] != "cached"} <= {"latest-blessed"}
    run_models(weights="4")
    assert baseline(tmp_path) == "3"


def test_without_records_the_pushed_model_itself_is_not_pushed_twice(run_models, tmp_path):
    run_models()
    (tmp_path / "metadata.sqlite").unlink()

    assert run_models().summary["pushed_to"].endswith(versions(tmp_path)[0])
    assert len(versions(tmp_path)) == 1
    assert baseline(tmp_path) == "none"


def test_a_pushed_version_that_is_gone_is_pushed_again(run_models, tmp_path):
    run_models()
    (version,) = (tmp_path / "serving" / "toy").iterdir()
    (version / "saved_model.pb").unlink()

    run_models()
    assert (tmp_path / "serving" / "toy" / versions(tmp_path)[-1] / "saved_model.pb").exists()
