"""The real pipeline on a tiny encoder: killed, gone on with, and robbed of its records."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

# Three runs, which take far longer beside other work.
pytestmark = [pytest.mark.faults, pytest.mark.timeout(1500)]

STARS = {"negative": [1, 2], "positive": [4, 5]}
WORDS = {1: "bad and broken", 2: "poor", 4: "good", 5: "great and wonderful"}


@pytest.fixture
def workspace(tmp_path, tiny_encoder, reviews):
    """A folder with a file of 200 reviews and its configuration."""
    rated = zip(reviews[:200], [*WORDS] * 50, strict=True)
    rows = [{"text": f"{text} {WORDS[stars]}", "stars": stars} for text, stars in rated]
    with open(tmp_path / "reviews.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    config = {
        "name": "tiny",
        "output": "out",
        "data": {"input": "reviews.csv", "text": ["text"], "rating": "stars", "classes": STARS},
        "encoder": tiny_encoder,
        "model": {"max_tokens": 32},
        "training": {"epochs": 1, "batch_size": 16, "learning_rate": 5e-3},
        "export": {"precision": "float32"},
        "evaluation": {"min_macro_f1": 0, "max_regression": 1.0},
    }
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))
    return tmp_path


def start(workspace, *overrides):
    command = Path(sys.executable).with_name("reviewlens")
    return subprocess.Popen(
        [str(command), "run", "config.yaml", *overrides],
        cwd=workspace,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def run(workspace, *overrides):
    """Runs to the end; returns the summary and what was printed."""
    process = start(workspace, *overrides)
    printed, _ = process.communicate()
    assert process.returncode == 0, printed
    return json.loads((workspace / "out" / "summary.json").read_text()), printed


def test_a_killed_run_loses_nothing_and_lost_records_let_nothing_in(workspace):
    process = start(workspace)
    for line in process.stdout:
        if line.split()[1:3] == ["evaluator", "running"]:
            break
    process.kill()
    assert process.wait() == -9
    process.stdout.close()

    first, _ = run(workspace)
    assert {"transform", "trainer"} <= set(first["cached"])
    assert first["metrics"]["baseline"] is None
    assert first["pushed_to"]

    (workspace / "out" / "metadata.sqlite").write_bytes(b"damaged" * 1000)
    second, printed = run(workspace, "training.learning_rate=1e-3")
    assert "metadata.sqlite is damaged: everything is made anew" in printed
    assert second["metrics"]["baseline"]["macro_f1"] == pytest.approx(
        first["metrics"]["test"]["macro_f1"], abs=1e-6
    )
    versions = {path.name for path in (workspace / "out" / "serving" / "tiny").iterdir()}
    assert versions == {Path(first["pushed_to"]).name, Path(second["pushed_to"]).name}
