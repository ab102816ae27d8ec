"""Every command of docs/operations.md runs, in its order, and does what the page says."""

from __future__ import annotations

import csv
import json
import time
import urllib.request
from pathlib import Path

import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

WORDS = ["awful, broken", "bad, poor", "average, so-so", "good, nice", "great, wonderful"]
NIGHTLY = ".venv/bin/reviewlens run nightly.yaml"


@pytest.fixture
def workplace(tmp_path, documents, forks, reviews):
    """A folder to which three days have brought their reviews."""
    documents.add_environment(tmp_path, forks)
    (tmp_path / "exports").mkdir()
    for day in range(3):
        path = tmp_path / "exports" / f"2026-11-2{day}.csv"
        with open(path, "w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["comment", "stars"])
            for row, text in enumerate(reviews[200 * day : 200 * (day + 1)]):
                writer.writerow([f"{WORDS[row % 5]} {text}", row % 5 + 1])
    return tmp_path


def summary_of(folder: Path, run: str) -> dict:
    return json.loads((folder / "runs" / run / "summary.json").read_text(encoding="utf-8"))


def versions(folder: Path) -> list[str]:
    found = (folder / "runs" / "nightly" / "serving" / "nightly").iterdir()
    return sorted(path.name for path in found)


def served(model: str) -> list[str]:
    """The versions of a model that the server answers with."""
    with urllib.request.urlopen(f"http://localhost:8501/v1/models/{model}") as answer:
        statuses = json.load(answer)["model_version_status"]
    return [each["version"] for each in statuses if each["state"] == "AVAILABLE"]


@pytest.mark.timeout(1500)
def test_every_command_of_the_operations_page_runs(workplace, repository, documents):
    nights = []

    def after(line: str) -> None:
        if line == NIGHTLY:
            nights.append(summary_of(workplace, "nightly"))
            if len(nights) == 1:
                assert nights[0]["data"]["read"] == 600
                # The second night: a day has gone out of the window, and a model is pushed again.
                (workplace / "window" / "2026-11-20.csv").unlink()
                documents.run(NIGHTLY, workplace)
                assert summary_of(workplace, "nightly")["data"]["read"] == 400
                assert len(versions(workplace)) == 2
            else:
                # What was restored is taken over, and the version that was withdrawn comes again.
                assert {"ngram-trainer", "exporter", "evaluator"} <= set(nights[-1]["cached"])
                assert len(versions(workplace)) == 2
        if "serve" in line.split():
            assert served("nightly") == versions(workplace)[-1:]
        if "withdrawn" in line:
            assert len(versions(workplace)) == 1
            deadline = time.monotonic() + 60
            while served("nightly") != versions(workplace):
                assert time.monotonic() < deadline
                time.sleep(0.2)
            assert served("steady")

    # N-grams, which learn from 600 reviews in seconds.
    def changed(name: str, text: str) -> str:
        return text.replace("encoder: minilm-l6", "model: {algorithm: ngrams}")

    page = repository / "docs" / "operations.md"
    documents.run_blocks(page, workplace, after=after, changed=changed)
    assert summary_of(workplace, "trial")["pushed_to"]
