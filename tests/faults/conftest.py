"""Runs that are killed, and the toys that are run."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys

import pytest

HERE = pathlib.Path(__file__).parent
TOYS = HERE.parent / "pipeline"


@pytest.fixture(scope="session")
def nursery():
    """A process that starts runs; see `nursery.py`."""
    process = subprocess.Popen(
        [sys.executable, str(HERE / "nursery.py")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(TOYS)},
    )
    yield process
    process.stdin.close()
    process.wait(timeout=60)


@pytest.fixture
def run_apart(nursery, tmp_path):
    """Runs a toy in `tmp_path` and in a process of its own: `run_apart("toy_models", kill=…)`.

    Returns the lines that it printed, its error at the end. Unless `ends` says otherwise it is to
    end with 0, or to be killed where there is a `kill`.
    """

    def run(build, output=tmp_path, ends=None, **case):
        case = {"build": build, "output": str(output), **case}
        nursery.stdin.write(json.dumps(case) + "\n")
        nursery.stdin.flush()
        answer = json.loads(nursery.stdout.readline())
        if ends is None:
            ends = -9 if "kill" in case else 0
        assert answer["code"] == ends, answer["said"]
        return answer["said"].splitlines()

    return run
