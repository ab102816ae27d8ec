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
# What these measure of processes is not there in forks.
WATCH_PROCESSES = ("quality.py", "run_memory.py")
# Enough for twenty steps of 32, which is what `finetune.py` takes at least.
ROWS = 900


@pytest.fixture(scope="session")
def clothing_csv(reviews, tmp_path_factory) -> str:
    """Path of a CSV as that of the women's clothing reviews; the short ones have one star."""
    path = tmp_path_factory.mktemp("clothing") / "reviews.csv"
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for number, text in enumerate(reviews[:ROWS]):
            department = ("Tops", "Dresses", "Jackets")[number % 3]
            rating = 1 + min(len(text) // 40, 4)
            title = " ".join(text.split()[:2])
            writer.writerow((number, 700, 30, title, text, rating, department))
    return str(path)


@pytest.fixture(scope="session")
def results(tmp_path_factory) -> Path:
    """Folder that takes the place of `benchmarks/results`."""
    return tmp_path_factory.mktemp("results")


@pytest.fixture(scope="session")
def encoder(tmp_path_factory, tiny_vocabulary) -> str:
    """What the scripts fine-tune: a tiny encoder where there are no peers, which have MiniLM."""
    if (BENCHMARKS / "peers" / ".venv" / ".installed").exists():
        return "minilm-l6"
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(BENCHMARKS.parent / "tests" / "models" / "encoders")
        from folders import BERT, random_tensors, write_folder

    # The peers take it for one with the heads of MiniLM.
    config = {**BERT, "hidden_size": 24, "num_attention_heads": 12, "max_position_embeddings": 512}
    with open(tiny_vocabulary, encoding="utf-8") as file:
        tensors = random_tensors(config, sum(1 for _ in file), scale=0.04)
    folder = tmp_path_factory.mktemp("encoder") / "tiny"
    return write_folder(folder, config, tensors, {"vocab.txt": tiny_vocabulary})


@pytest.fixture(scope="session")
def benchmark(clothing_csv, encoder, results, forks) -> Callable[..., str]:
    """Runs a script on the CSV in a process of its own; gives what it printed."""

    def run(script: str, *arguments: str) -> str:
        python = sys.executable if script in WATCH_PROCESSES else forks / "python"
        outcome = subprocess.run(
            [python, str(BENCHMARKS / script), clothing_csv, *arguments],
            cwd=results,
            env={
                **os.environ,
                "BENCHMARK_RESULTS": str(results),
                "BENCHMARK_ENCODER": encoder,
            },
            capture_output=True,
            text=True,
        )
        assert outcome.returncode == 0, outcome.stdout + outcome.stderr
        return outcome.stdout

    return run


@pytest.fixture
def scripts(monkeypatch) -> Path:
    """The folder of the scripts, whose modules can be imported as they import one another."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return BENCHMARKS
