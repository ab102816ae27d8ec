"""`kill -9` at the worst moments of a run; the same command then goes on as if nothing had been."""

from __future__ import annotations

import json

import pytest

pytestmark = pytest.mark.faults

PUBLISH = "tfx.orchestration.portable.launcher.Launcher._publish_successful_execution"


@pytest.mark.parametrize(
    "kill",
    [
        ("reviewlens.pipeline.records.RunRecords.__init__", "after", 1),
        ("toy_pipeline.progress.report", "after", 3),
        (PUBLISH, "before", 1),
        (PUBLISH, "after", 2),
        ("os.replace", "before", 2),
        ("reviewlens.pipeline.local.integrity.Manifests.record", "after", 3),
        # Between what is kept of each run and what is said of the last one.
        ("reviewlens.pipeline.report.history.write_summary", "before", 2),
    ],
)
def test_a_run_that_was_killed_is_gone_on_with(run_apart, tmp_path, kill):
    run_apart("toy_pipeline", kill=kill)
    run_apart("toy_pipeline")

    totals = list((tmp_path / "pipeline" / "total" / "total").glob("*/total.txt"))
    assert {path.read_text() for path in totals} == {"30"}
    assert not (tmp_path / "set-aside").exists()
    # Nothing half made is left, and nothing is left to do.
    run_apart("toy_pipeline")
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["cached"] == ["draw", "double", "total"]
    assert not list(tmp_path.rglob("*.unfinished"))


@pytest.mark.parametrize(
    "kill",
    [
        ("tfx.dsl.io.fileio.copy", "after", 1),
        ("tfx.dsl.io.fileio.rename", "before", 1),
        ("tfx.dsl.io.fileio.rename", "after", 1),
        (PUBLISH, "before", 4),
    ],
)
def test_a_pusher_that_was_killed_pushes_once_and_clears_up(run_apart, tmp_path, kill):
    serving = tmp_path / "serving" / "toy"
    run_apart("toy_models", kill=kill)
    left = [path.name for path in serving.iterdir()]
    assert len(left) == 1
    run_apart("toy_models")

    (version,) = serving.iterdir()
    assert version.name.isdecimal()
    assert (version / "variables" / "weights").read_text() == "1"
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["pushed_to"] == str(version)
    # One that it placed is the one that it pushes.
    assert not left[0].isdecimal() or left == [version.name]
