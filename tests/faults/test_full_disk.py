"""A disk that fills up while a run goes on, and then has room again."""

from __future__ import annotations

import json
import subprocess

import pytest

pytestmark = pytest.mark.faults


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 1 MB of its own; skips where the system does not let tests mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    outcome = subprocess.run(mount, capture_output=True, text=True)
    if outcome.returncode:
        pytest.skip(f"cannot mount a file system: {outcome.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(folder, leave):
    """Fills a disk up to so many bytes."""
    with open(folder / "ballast", "wb", buffering=0) as file:
        try:
            while file.write(bytes(4096)) == 4096:
                pass
        except OSError:
            file.truncate(max(0, file.tell() - leave))


@pytest.mark.parametrize("leave", [0, 40_000, 300_000, 400_000])
def test_a_full_disk_is_told_and_the_run_goes_on_once_there_is_room(run_apart, small_disk, leave):
    fill(small_disk, leave)
    lines = run_apart("toy_pipeline", output=small_disk, ends=1)
    assert any("the disk is full" in line or "No space left" in line for line in lines), lines

    (small_disk / "ballast").unlink()
    run_apart("toy_pipeline", output=small_disk)
    run_apart("toy_pipeline", output=small_disk)
    assert json.loads((small_disk / "summary.json").read_text())["cached"] == [
        *("draw", "double", "total")
    ]


def test_a_full_disk_does_not_cost_what_was_made(run_apart, small_disk):
    run_apart("toy_models", output=small_disk)
    fill(small_disk, 0)
    run_apart("toy_models", output=small_disk, moods={"weights": "2"}, ends=1)
    assert len(list((small_disk / "serving" / "toy").iterdir())) == 1

    (small_disk / "ballast").unlink()
    run_apart("toy_models", output=small_disk, moods={"weights": "2"})
    assert not (small_disk / "set-aside").exists()
    assert len(list((small_disk / "serving" / "toy").iterdir())) == 2


def test_a_file_that_may_not_grow_fails_the_run_and_no_more(run_apart, tmp_path):
    run_apart("toy_models")
    run_apart("toy_models", moods={"weights": "2" * 300_000}, largest_file=270_000, ends=1)
    run_apart("toy_models")

    assert len(list((tmp_path / "serving" / "toy").iterdir())) == 1
    assert not (tmp_path / "set-aside").exists()
