"""The scripts of `benchmarks/`, run on a few invented reviews and without their peers."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
COLUMNS = ("", "Clothing ID", "Age", "Title", "Review Text", "Rating", "Department Name")
# Enough for twenty steps of 32, which is what `finetune.py` takes at least.
ROWS = 900


@pytest.fixture(scope="session")
def clothing_csv(reviews, tmp_path_factory) -> str:
    """Path of a CSV as that of the women's clothing reviews; its ratings mean nothing."""
    path = tmp_path_factory.mktemp("clothing") / "reviews.csv"
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for number, text in enumerate(reviews[:ROWS]):
            department = ("Tops", "Dresses", "Jackets")[number % 3]
            writer.writerow((number, 700, 30, "", text, 1 + number % 5, department))
    return str(path)


@pytest.fixture(scope="session")
def benchmark(clothing_csv, tmp_path_factory) -> Callable[..., str]:
    """Runs a script on the CSV in a process of its own; gives what it printed."""
    results = tmp_path_factory.mktemp("results")
    kept = {path: path.read_bytes() for path in (BENCHMARKS / "results").iterdir()}

    def run(name: str, *arguments: str) -> str:
        outcome = subprocess.run(
            [sys.executable, str(BENCHMARKS / f"{name}.py"), clothing_csv, *arguments],
            cwd=results,
            env={**os.environ, "BENCHMARK_RESULTS": str(results)},
            capture_output=True,
            text=True,
        )
        assert outcome.returncode == 0, outcome.stdout + outcome.stderr
        # A trial says nothing of how fast anything is.
        assert kept == {path: path.read_bytes() for path in (BENCHMARKS / "results").iterdir()}
        return outcome.stdout

    return run


@pytest.fixture
def scripts(monkeypatch) -> Path:
    """The folder of the scripts, whose modules can be imported as they import one another."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return BENCHMARKS
