"""What the product does not know, from a file to an answer of the server: all toys in one run."""

from __future__ import annotations

import json
import os
import socket
import subprocess
from pathlib import Path

import pytest
import yaml

pytestmark = pytest.mark.e2e

HERE = Path(__file__).parent


@pytest.fixture
def toy_reviewlens(forks, tmp_path):
    """Runs `reviewlens` with the toys, as a process of its own; returns what it printed."""

    def run(*arguments: str) -> str:
        command = [forks / "python", HERE / "toys.py", *arguments]
        environment = {**os.environ, "COLUMNS": "120"}
        outcome = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True
        )
        assert outcome.returncode == 0, outcome.stdout + outcome.stderr
        return outcome.stdout

    return run


@pytest.fixture
def toy_encoder(monkeypatch, tmp_path) -> str:
    """Directory of an encoder of the toy family."""
    monkeypatch.syspath_prepend(HERE.parent / "models" / "encoders")
    from folders import write_words

    return write_words(tmp_path / "words")


def test_a_task_a_family_and_a_format_go_through_to_the_server(
    toy_reviewlens, toy_task, toy_encoder, reviews, tmp_path
):
    from reviewlens.serving import Client
    from reviewlens.serving.server.server import Server
    from reviewlens.serving.server.settings import ServerSettings

    cards = "".join(f"text: {text}\nplace: {place}\n\n" for place, text in enumerate(reviews[:300]))
    (tmp_path / "reviews.cards").write_text(cards)
    config = {
        "name": "toy",
        "output": "out",
        "task": toy_task,
        "data": {"input": "reviews.cards", "text": "text", "id": "place"},
        "encoder": toy_encoder,
        "model": {"max_tokens": 48},
        "training": {"epochs": 2, "batch_size": 16, "learning_rate": 1e-2, "precision": "float32"},
        "export": {"precision": "float32"},
    }
    (tmp_path / "toy.yaml").write_text(yaml.safe_dump(config))

    output = toy_reviewlens("run", "toy.yaml")

    assert "of their tokens odd" in output
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert summary["blessed"] and summary["serving_validated"]
    assert summary["data"]["read"] == 300
    # But for how long steps take, which others at work on the machine decide.
    assert {finding["rule"] for finding in summary["training"]["findings"]} <= {"slow_steps"}
    pushed = Path(summary["pushed_to"])
    card = json.loads((pushed / "assets.extra" / "model.json").read_text())
    assert card["task"] == toy_task and "threshold" in card
    assert (pushed / "assets" / "buckets.txt").exists()
    assert "tags" in toy_reviewlens("predict", "--model", summary["pushed_to"], "Works well.")
    settings = ServerSettings(
        rest_api_port=free_port(),
        port=free_port(),
        model_name="toy",
        model_base_path=str(pushed.parent),
    )
    with Server(settings), Client(f"localhost:{settings.rest_api_port}", model="toy") as client:
        (answer,) = client.predict(["Works well."])
    assert set(answer.tags) == {"0", "1"} and 0 < answer.share < 1


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
