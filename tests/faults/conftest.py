"""Runs that are killed, and the toys that are run."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess

import pytest

HERE = pathlib.Path(__file__).parent
TOYS = HERE.parent / "pipeline"


@pytest.fixture
def run_apart(forks, tmp_path):
    """Runs a toy in `tmp_path` and in a process of its own: `run_apart("toy_models", kill=…)`.

    See `apart.py`. Returns the lines that it printed, its error at the end. Unless `ends` says
    otherwise it is to end with 0, or to be killed where there is a `kill`.
    """

    def run(build, output=tmp_path, ends=None, **case):
        return _run(forks, {"build": build, "output": str(output), **case}, ends)

    return run


@pytest.fixture
def command_apart(forks):
    """Runs a command in a folder: `command_apart(folder, "run", "config.yaml", kill=…)`.

    As `run_apart`.
    """

    def run(folder, *command, ends=None, **case):
        return _run(forks, {"command": command, "output": str(folder), **case}, ends)

    return run


def _run(forks, case, ends):
    outcome = subprocess.run(
        [forks / "python", HERE / "apart.py"],
        input=json.dumps(case),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONPATH": str(TOYS)},
    )
    if ends is None:
        ends = -9 if "kill" in case else 0
    assert outcome.returncode == ends, outcome.stdout
    return outcome.stdout.splitlines()
