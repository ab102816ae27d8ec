"""A task that the product does not know, from a file to an answer of the server."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

pytestmark = pytest.mark.e2e


@pytest.fixture
def toy_reviewlens(toy_task, tmp_path):
    """Runs `reviewlens` with the task, as a process of its own; returns what it printed."""

    def run(*arguments: str) -> str:
        outcome = subprocess.run(
            [sys.executable, "-m", "toy_task.run", *arguments],
            cwd=tmp_path,
            env={**os.environ, "COLUMNS": "120"},
            capture_output=True,
            text=True,
        )
        assert outcome.returncode == 0, outcome.stdout + outcome.stderr
        return outcome.stdout

    return run


def test_the_pipeline_learns_it_and_the_server_answers(
    toy_reviewlens, toy_task, tiny_encoder, reviews, tmp_path
):
    from reviewlens.serving import Client
    from reviewlens.serving.server.server import Server
    from reviewlens.serving.server.settings import ServerSettings

    (tmp_path / "reviews.txt").write_text("".join(f"{text}\n" for text in reviews[:300]))
    config = {
        "name": "toy",
        "output": "out",
        "task": toy_task,
        "data": {"input": "reviews.txt", "text": "text"},
        "encoder": tiny_encoder,
        "model": {"max_tokens": 48},
        "training": {"epochs": 2, "batch_size": 16, "learning_rate": 1e-2, "precision": "float32"},
        "export": {"precision": "float32"},
    }
    (tmp_path / "toy.yaml").write_text(yaml.safe_dump(config))

    output = toy_reviewlens("run", "toy.yaml")

    assert "of their tokens odd" in output
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert summary["blessed"] and summary["serving_validated"]
    card = json.loads(Path(summary["pushed_to"], "assets.extra", "model.json").read_text())
    assert card["task"] == toy_task and "threshold" in card
    assert "tags" in toy_reviewlens("predict", "--model", summary["pushed_to"], "Works well.")
    base = str(Path(summary["pushed_to"]).parent)
    settings = ServerSettings(
        rest_api_port=free_port(), port=free_port(), model_name="toy", model_base_path=base
    )
    with Server(settings), Client(f"localhost:{settings.rest_api_port}", model="toy") as client:
        (answer,) = client.predict(["Works well."])
    assert set(answer.tags) == {"0", "1"} and 0 < answer.share < 1


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
