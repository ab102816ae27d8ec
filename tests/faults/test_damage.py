"""Bits that flip and leave size and time of a file as they were."""

from __future__ import annotations

import json
import os

import pytest

pytestmark = pytest.mark.faults


def flip(path):
    """Changes one bit of a file."""
    status = path.stat()
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def newest(folder):
    return max(folder.iterdir(), key=lambda path: int(path.name))


def made(tmp_path):
    """The nodes that the last run did not take from the cache."""
    summary = json.loads((tmp_path / "summary.json").read_text())
    return set(summary["timings"]) - set(summary["cached"]) - {"latest-blessed"}


def told(lines):
    """What is said of damage, behind the time of the line."""
    return [line.partition("  ")[2] for line in lines if " was damaged " in line]


def test_what_the_cache_hands_out_is_what_was_put_in(run_apart, tmp_path):
    run_apart("toy_pipeline")
    flip(newest(tmp_path / "pipeline" / "double" / "doubled") / "doubled")

    lines = run_apart("toy_pipeline")
    assert told(lines) == [
        "double/doubled/2 was damaged and will be made again if it is needed: doubled has another "
        "content"
    ]
    assert ["double", "damaged"] in [line.split()[1:3] for line in lines]
    assert made(tmp_path) == {"double", "total"}
    assert (newest(tmp_path / "pipeline" / "total" / "total") / "total.txt").read_text() == "30"
    assert not told(run_apart("toy_pipeline"))
    assert made(tmp_path) == set()


def test_a_damaged_model_is_not_pushed_but_trained_again(run_apart, tmp_path):
    run_apart("toy_models", moods={"evaluator": "too bad"})
    flip(newest(tmp_path / "pipeline" / "trainer" / "model") / "Format-Serving/variables/weights")

    assert len(told(run_apart("toy_models"))) == 1
    assert "trainer" in made(tmp_path)
    (version,) = (tmp_path / "serving" / "toy").iterdir()
    assert (version / "variables" / "weights").read_text() == "1"


def test_a_model_that_is_damaged_after_it_was_judged_is_not_pushed(run_apart, tmp_path):
    lines = run_apart("toy_models", moods={"damage": 1}, ends=1)
    assert "have changed since the evaluator judged them, so it is not pushed" in lines[-2]
    assert not (tmp_path / "serving").exists()

    run_apart("toy_models")
    (version,) = (tmp_path / "serving" / "toy").iterdir()
    assert (version / "variables" / "weights").read_text() == "1"


def test_a_damaged_version_is_pushed_again(run_apart, tmp_path):
    run_apart("toy_models")
    (damaged,) = (tmp_path / "serving" / "toy").iterdir()
    flip(damaged / "variables" / "weights")

    assert len(told(run_apart("toy_models"))) == 1
    assert made(tmp_path) == {"pusher"}
    version = newest(tmp_path / "serving" / "toy")
    assert version != damaged
    assert (version / "variables" / "weights").read_text() == "1"


def test_no_model_is_compared_with_a_damaged_one(run_apart, tmp_path):
    for weights in ("1", "2"):
        run_apart("toy_models", moods={"weights": weights})
    flip(newest(tmp_path / "pipeline" / "trainer" / "model") / "Format-Serving/variables/weights")

    assert len(told(run_apart("toy_models", moods={"weights": "3"}))) == 1
    blessing = newest(tmp_path / "pipeline" / "evaluator" / "blessing")
    assert (blessing / "baseline").read_text() == "1"
