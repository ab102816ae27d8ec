"""RoBERTa through the whole pipeline: random weights, GPT-2's byte pairs, a model that answers."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
import yaml

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

WORDS = ["bad and broken", "great and wonderful"]


@pytest.fixture
def folder(repository, monkeypatch, tmp_path, byte_pair_files) -> str:
    """A Hugging Face folder of a RoBERTa with 2 layers."""
    monkeypatch.syspath_prepend(repository / "tests" / "models" / "encoders")
    from folders import ROBERTA, random_tensors, write_folder

    config = {**ROBERTA, "max_position_embeddings": 66}
    tensors = random_tensors(config, 50_261, "roberta.", pooler=False, scale=0.1)
    files = {"tokenizer.json": byte_pair_files["tokenizer.json"]}
    return write_folder(tmp_path / "roberta", config, tensors, files)


def test_a_roberta_of_hugging_face_goes_through_to_an_answer(folder, tmp_path, reviews, reviewlens):
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
        "encoder": folder,
        "model": {"max_tokens": 64},
        "training": {"epochs": 4, "batch_size": 16, "learning_rate": 5e-3},
        "evaluation": {"min_macro_f1": 0.2},
    }
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False))

    reviewlens("run", "config.yaml", cwd=tmp_path)

    facts = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert facts["blessed"] is True
    assert facts["metrics"]["test"]["macro_f1"] > 0.8
    pushed = Path(facts["pushed_to"])
    assert sorted(path.name for path in (pushed / "assets").iterdir()) == [
        "labels.txt",
        "tokenizer.json",
    ]
    answer = reviewlens("predict", "--model", pushed, "great and wonderful 👍", cwd=tmp_path)
    assert "positive" in answer
