from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the repository."""
    return REPOSITORY


@pytest.fixture(scope="session")
def reviewlens():
    """Runs the installed command as a process of its own; returns what it printed."""
    command = Path(sys.executable).with_name("reviewlens")

    def run(*arguments: object, cwd: Path, expect: int = 0) -> str:
        outcome = subprocess.run(
            [str(command), *map(str, arguments)],
            cwd=cwd,
            # Without a path of its own, it finds what a shell with the venv on it would.
            env={**os.environ, "COLUMNS": "120"},
            capture_output=True,
            text=True,
        )
        output = outcome.stdout + outcome.stderr
        assert outcome.returncode == expect, output
        return output

    return run
