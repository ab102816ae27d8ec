"""A disk that is really full, in a name space of its own."""

from __future__ import annotations

import pathlib
import subprocess
import sys
import tarfile

import pytest

pytestmark = pytest.mark.faults

SCRIPT = pathlib.Path(__file__).with_name("full_disk.py")
NAME_SPACE = ["unshare", "--user", "--map-root-user", "--mount"]


@pytest.fixture
def name_space(tmp_path):
    """The words before a command that may mount what nobody else sees."""
    mount = ["mount", "-t", "tmpfs", "tiny", str(tmp_path)]
    try:
        if not subprocess.run([*NAME_SPACE, *mount], capture_output=True).returncode:
            return NAME_SPACE
    except FileNotFoundError:
        pass
    pytest.skip("this system lets nobody mount a disk of their own")


def test_a_disk_that_fills_while_an_encoder_is_brought_or_written_leaves_none(
    name_space, tiny_encoder, tmp_path
):
    disk, archive = tmp_path / "disk", tmp_path / "encoder.tar.gz"
    disk.mkdir()
    with tarfile.open(archive, "w:gz") as opened:
        opened.add(tiny_encoder, ".")

    outcome = subprocess.run(
        [*name_space, sys.executable, str(SCRIPT), str(disk)]
        # Copied, unpacked, and written by TensorFlow.
        + [tiny_encoder, str(archive), "minilm-l6"],
        capture_output=True,
        text=True,
    )

    lines = outcome.stdout.splitlines()
    assert len(lines) == 8, outcome.stdout + outcome.stderr
    assert lines[1::2] == ["[]"] * 4
    *fetched, written = lines[::2]
    # What a run says of that is not said here.
    assert written == "True"
    for line in fetched:
        assert line.startswith("the disk is full: ")
        assert line.endswith("free some space and run the same command again")
