"""RoBERTa from the Hugging Face Hub to a model that answers, here and as compiled tasks.

Its weights are random, its byte pairs are GPT-2's.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
import yaml

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

WORDS = ["bad and broken", "great and wonderful"]


@pytest.fixture
def encoder(repository, monkeypatch, tmp_path, byte_pair_files):
    """The address of a RoBERTa with 2 layers, on a server that speaks as the Hub does."""
    monkeypatch.syspath_prepend(repository / "tests" / "models" / "encoders")
    from fake_hub import FakeHub
    from folders import ROBERTA, random_tensors, write_folder

    config = {**ROBERTA, "max_position_embeddings": 66}
    tensors = random_tensors(config, 50_261, "roberta.", pooler=False, scale=0.1)
    files = {"tokenizer.json": byte_pair_files["tokenizer.json"]}
    write_folder(tmp_path / "roberta", config, tensors, files)
    hub = FakeHub()
    hub.add("me/roberta", tmp_path / "roberta")
    monkeypatch.setenv("HF_ENDPOINT", hub.address)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("HF_TOKEN", raising=False)
    yield "hf://me/roberta"
    hub.stop()


@pytest.fixture
def workspace(encoder, tmp_path, reviews) -> Path:
    """A folder with reviews that can be learnt and a configuration."""
    with open(tmp_path / "reviews.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "stars"])
        writer.writerows(
            [f"{text} {WORDS[i % 2]}", [1, 5][i % 2]]
            for i, text in enumerate(dict.fromkeys(reviews[:600]))
        )
    config = {
        "name": "roberta",
        "output": "out",
        "data": {
            "input": "reviews.csv",
            "text": ["text"],
            "rating": "stars",
            "classes": {"negative": [1], "positive": [5]},
        },
        "encoder": encoder,
        "model": {"max_tokens": 64, "wide": "off"},
        "training": {"epochs": 4, "batch_size": 16, "learning_rate": 5e-3},
        "evaluation": {"min_macro_f1": 0.2, "ngram_baseline": False},
    }
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
    return tmp_path


def test_a_roberta_of_the_hub_goes_through_to_an_answer(encoder, workspace, reviewlens):
    reviewlens("run", "config.yaml", cwd=workspace)

    facts = json.loads((workspace / "out" / "summary.json").read_text())
    assert facts["blessed"] is True
    assert facts["encoder"]["source"] == encoder
    assert facts["metrics"]["test"]["macro_f1"] > 0.8
    pushed = Path(facts["pushed_to"])
    assert sorted(path.name for path in (pushed / "assets").iterdir()) == [
        "labels.txt",
        "tokenizer.json",
    ]
    answer = reviewlens("predict", "--model", pushed, "great and wonderful 👍", cwd=workspace)
    assert "positive" in answer


def test_a_roberta_of_the_hub_goes_through_the_compiled_tasks(
    encoder, workspace, reviewlens, object_store, run_compiled, fetch_pushed
):
    path = str(workspace / "reviews.csv")
    object_store.client.upload_file(path, "reviews", "data/reviews.csv")

    launcher = run_compiled(workspace, "data.input=minio://reviews/data/reviews.csv")

    assert launcher.artifacts["encoder-fetcher", "model"]["metadata"]["source"] == encoder
    pushed = launcher.artifacts["pusher", "pushed_model"]["metadata"]
    model = fetch_pushed(pushed["pushed_version"], workspace / "fetched")
    answer = reviewlens("predict", "--model", model, "great and wonderful 👍", cwd=workspace)
    assert "positive" in answer
