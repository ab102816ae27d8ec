"""`kill -9` while a version is copied beside a Compose file."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

pytestmark = pytest.mark.faults

EXPORTS = """
import os, signal, sys
from reviewlens.serving.deployment import export
from reviewlens.serving.deployment.pushed_model import PushedModel
from reviewlens.serving.deployment.settings import Deployment
print("ready", flush=True)
die = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
base, version, output, fate = sys.argv[1:]
if fate == "killed":
    export.os.rename = die
if fate == "waits":
    rename = os.rename
    wait = lambda: (print("copied", flush=True), sys.stdin.read())
    export.os.rename = lambda *names: (wait(), rename(*names))
export.export_deployment(
    Deployment(PushedModel(base, version), "m", "/models/m", copy_model=True), output
)
"""


@pytest.fixture
def export(tmp_path):
    """Exports a version to `out`: `export("1", "killed")`; returns the process."""
    for version in ("1", "2"):
        (tmp_path / "base" / version).mkdir(parents=True)
        # A model without signatures.
        (tmp_path / "base" / version / "saved_model.pb").touch()

    def run(version, fate=""):
        arguments = (str(tmp_path / "base"), version, str(tmp_path / "out"), fate)
        return subprocess.Popen(
            [sys.executable, "-c", EXPORTS, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    return run


def copies(tmp_path):
    return sorted(path.name for path in (tmp_path / "out" / "models" / "m").iterdir())


@pytest.mark.parametrize(("later", "left"), [("1", ["1"]), ("2", ["2"])])
def test_the_next_export_clears_up(export, tmp_path, later, left):
    export("1", "killed").communicate()
    assert copies(tmp_path) == [".1.partial"]
    process = export(later)
    process.communicate()
    assert process.returncode == 0
    assert copies(tmp_path) == left


def test_what_another_export_is_copying_is_left_alone(export, tmp_path):
    first = export("1", "waits")
    assert [first.stdout.readline() for _ in range(2)] == ["ready\n", "copied\n"]
    second = export("2")
    assert second.stdout.readline() == "ready\n"
    # Enough for it to do harm, if it did.
    time.sleep(1)
    assert copies(tmp_path) == [".1.partial"]
    first.communicate()
    second.communicate()
    assert copies(tmp_path) == ["1", "2"]
