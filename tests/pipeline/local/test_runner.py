"""The local runner, on a small pipeline that TFX and Beam really run."""

from __future__ import annotations

import datetime
import fcntl
import json
import os
import shutil
import sys

import pytest

from reviewlens.errors import RunError, UsageError

DONE = {"draw": "done", "double": "done", "total": "done"}
CACHED = {"draw": "cached", "double": "cached", "total": "cached"}


def newest(folder):
    return max(folder.iterdir(), key=lambda path: int(path.name))


def total(tmp_path):
    return (newest(tmp_path / "pipeline" / "total" / "total") / "total.txt").read_text()


def test_runs_every_node_and_takes_all_from_the_cache_the_second_time(run_toy, tmp_path):
    assert run_toy().states == DONE
    assert total(tmp_path) == "30"
    assert run_toy().states == CACHED


def test_a_changed_setting_reruns_what_depends_on_it(run_toy, tmp_path):
    run_toy()
    assert run_toy(total="other").states == {"draw": "cached", "double": "cached", "total": "done"}
    assert run_toy(first=2).states == DONE
    assert total(tmp_path) == "40"


def test_without_cache_everything_is_made_anew(run_toy):
    run_toy()
    assert run_toy(cache=False).states == DONE


def test_partial_runs(run_toy):
    first = run_toy(to_node="double")
    assert first.states == {"draw": "done", "double": "done", "total": "left out"}
    assert list(first.seconds) == ["draw", "double"]
    rest = run_toy(from_node="total")
    assert rest.states == {"draw": "left out", "double": "left out", "total": "done"}


def test_a_partial_run_builds_on_the_last_run_that_has_what_it_needs(run_toy):
    run_toy()
    with pytest.raises(RunError):
        run_toy(first=5, double="wrong input")
    assert run_toy(from_node="total", total="other").states["total"] == "done"


def test_a_partial_run_without_an_earlier_one_is_refused(run_toy):
    with pytest.raises(UsageError, match="needs an earlier one that finished draw, double"):
        run_toy(from_node="total")


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ({"from_node": "totl"}, "--from totl: unknown node; did you mean total"),
        ({"to_node": "x"}, "--to x: unknown node; choose one of draw, double, total"),
        ({"from_node": "total", "to_node": "draw"}, "--to draw runs before --from total"),
    ],
)
def test_wrong_node_names_are_refused(run_toy, flags, message):
    with pytest.raises(UsageError, match=message):
        run_toy(**flags)


@pytest.mark.parametrize(
    ("moods", "message"),
    [
        # Beam hands exceptions on as text with the name of the step.
        (
            {"double": "wrong input"},
            "double: numbers.txt: line 1: is no number;\n  give numbers\ndetails are in ",
        ),
        ({"double": "bug"}, "double: KeyError: "),
        ({"total": "disk full"}, "total: the disk is full; free some space"),
    ],
)
def test_a_failure_is_told_in_the_users_words(run_toy, tmp_path, moods, message):
    with pytest.raises(RunError) as raised:
        run_toy(**moods)
    assert str(raised.value).startswith(message)
    assert "while running" not in str(raised.value)
    assert str(raised.value).endswith(str(tmp_path / "pipeline.log"))
    assert "Traceback" in (tmp_path / "pipeline.log").read_text()
    assert not (tmp_path / "summary.json").exists()


def test_the_run_after_a_failure_goes_on_from_there(run_toy):
    with pytest.raises(RunError):
        run_toy(total="disk full")
    assert run_toy().states == {"draw": "cached", "double": "cached", "total": "done"}


def test_a_node_that_tfx_passes_over_fails_the_run(run_toy):
    with pytest.raises(RunError, match="double: could not be run; .*got 0 artifacts"):
        run_toy(without=("draw",))


def test_plain_lines_on_a_pipe_and_the_noise_in_the_log(run_toy, tmp_path, capfd):
    run_toy()
    shown = capfd.readouterr()
    lines = [line.split()[1:] for line in shown.out.splitlines()[1:]]
    assert [line[:2] for line in lines] == [
        [node, state] for node in DONE for state in ("running", "done")
    ]
    assert all(line[-1] == "s" for line in lines[1::2])
    assert shown.err == ""
    log = (tmp_path / "pipeline.log").read_text()
    assert "draw says this on stdout" in log
    assert "a child of draw says this on stderr" in log


def test_output_and_arguments_are_restored_after_a_failure(run_toy, capfd):
    arguments = list(sys.argv)
    with pytest.raises(RunError):
        run_toy(total="disk full")
    capfd.readouterr()
    os.write(1, b"out")
    os.write(2, b"err")
    assert tuple(capfd.readouterr()) == ("out", "err")
    assert sys.argv == arguments


def test_a_second_run_on_the_same_output_is_refused(run_toy, tmp_path):
    with open(tmp_path / ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.write("4711\n")
        lock.flush()
        with pytest.raises(RunError, match=r"another run \(process 4711\) is using it"):
            run_toy()
    assert not (tmp_path / "pipeline.log").exists()
    assert run_toy().states == DONE


def test_an_output_that_cannot_be_used(run_toy, tmp_path):
    (tmp_path / ".lock").mkdir()
    with pytest.raises(RunError, match=f"{tmp_path}: cannot be used as output"):
        run_toy()


def empty(path):
    path.write_text("")


def alter(path):
    path.write_bytes(bytes(byte ^ 1 for byte in path.read_bytes()))


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (empty, "doubled is 0 bytes long, not 11"),
        (alter, "doubled has another content"),
        (os.remove, "doubled is missing"),
        (lambda path: shutil.rmtree(path.parent), "is missing"),
    ],
)
def test_a_damaged_artifact_is_made_again(run_toy, tmp_path, capfd, damage, told):
    run_toy()
    damage(newest(tmp_path / "pipeline" / "double" / "doubled") / "doubled")
    capfd.readouterr()
    assert run_toy().states == {"draw": "cached", "double": "done", "total": "done"}
    notice = capfd.readouterr().out.splitlines()[1]
    assert "  double/doubled/2 was damaged" in notice
    assert told in notice
    assert total(tmp_path) == "30"
    assert run_toy().states == CACHED


def test_copied_artifacts_are_not_damaged(run_toy, tmp_path):
    run_toy()
    path = newest(tmp_path / "pipeline" / "double" / "doubled") / "doubled"
    os.utime(path, ns=(1, 1))
    assert run_toy().states == CACHED


@pytest.mark.parametrize(
    ("damage", "told"), [(lambda path: path.write_text("x" * 5000), "damaged"), (os.remove, "miss")]
)
def test_without_its_records_a_run_starts_anew(run_toy, tmp_path, capfd, damage, told):
    run_toy()
    damage(tmp_path / "metadata.sqlite")
    capfd.readouterr()
    assert run_toy(first=2).states == DONE
    assert total(tmp_path) == "40"
    assert told in capfd.readouterr().out.splitlines()[1]
    assert (tmp_path / "set-aside" / "pipeline").is_dir()


def test_the_summary_tells_times_and_what_was_cached(run_toy, tmp_path):
    run_toy()
    result = run_toy(total="other")
    written = json.loads((tmp_path / "summary.json").read_text())
    assert written == result.summary
    assert list(written["timings"]) == ["draw", "double", "total"]
    assert written["cached"] == ["draw", "double"]
    # What is taken over takes none to speak of.
    assert list(written["memory"]) == ["total"] and written["memory"]["total"] > 100
    assert written["versions"]["python"].startswith("3.")
    assert written["data"] is None


def test_the_summary_of_every_run_is_kept(run_toy, tmp_path):
    results = [run_toy(), run_toy()]
    kept = {path.parent.name: json.loads(path.read_text()) for path in tmp_path.glob("runs/*/*")}
    assert kept == {result.run_id: result.summary for result in results}
    for result in results:
        facts = result.summary["run"]
        assert facts["id"] == result.run_id and 0 < facts["seconds"] < 600
        assert datetime.datetime.fromisoformat(facts["started"]).utcoffset().seconds == 0
    assert json.loads((tmp_path / "summary.json").read_text()) == results[-1].summary
