"""Pre-training, from texts to an encoder of their own and to a run that fine-tunes it."""

from __future__ import annotations

import csv
import json
import shlex
from pathlib import Path

import pytest
import yaml

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def workspace(tmp_path_factory, reviews) -> Path:
    """A folder with a file of texts, some rated, and a configuration for each command."""
    folder = tmp_path_factory.mktemp("workspace")
    sentences = list(dict.fromkeys(reviews[:1800]))
    texts = [" ".join(sentences[i : i + 3]) for i in range(0, len(sentences), 3)]
    rows = [[text, i % 2 * 4 + 1] for i, text in enumerate(texts)]
    with open(folder / "texts.csv", "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["text", "stars"], *rows, rows[0], ["", 1]])
    splits = {"train": 8, "eval": 1, "test": 1}
    pretraining = {
        "name": "words",
        "output": "out",
        "task": "masked-language-model",
        "data": {"input": "texts.csv", "text": "text", "splits": splits},
        "encoder": {"layers": 1, "hidden": 32, "positions": 64},
        "vocabulary": {"size": 400},
        "model": {"max_tokens": 48, "objectives": ["mlm", "nsp"]},
        "training": {"batch_size": 8, "learning_rate": 3e-3},
    }
    reviews_of = {
        "name": "rated",
        "output": "rated",
        "data": {
            **{"input": "texts.csv", "text": "text", "rating": "stars"},
            "classes": {"negative": 1, "positive": 5},
        },
        "model": {"max_tokens": 48, "wide": "off"},
        "training": {"epochs": 1, "batch_size": 16},
        "evaluation": {"ngram_baseline": False},
    }
    for name, config in (("config", pretraining), ("reviews", reviews_of)):
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
    return folder


@pytest.fixture(scope="module")
def first_run(workspace, reviewlens) -> tuple[str, dict]:
    output = reviewlens("pretrain", "config.yaml", cwd=workspace)
    return output, summary(workspace)


def summary(workspace: Path, output: str = "out") -> dict:
    return json.loads((workspace / output / "summary.json").read_text())


def test_texts_become_an_encoder_and_nothing_of_them_is_lost(workspace, first_run):
    output, facts = first_run

    data, segments = facts["data"], facts["segments"]
    assert data["read"] == data["kept"] + data["duplicates"] + data["rejected"]
    assert (data["duplicates"], data["rejected"]) == (1, 1)
    assert sum(data["splits"].values()) == data["kept"]
    assert segments["fill"] > 0.9 and segments["paired"] > 0.5
    assert facts["training"]["tokens_per_second"] > 0
    assert facts["training"]["steps"] > 20
    # A healthy training, of which the rules have nothing to say.
    # But for how long steps take, which others at work on the machine decide.
    assert {finding["rule"] for finding in facts["training"]["findings"]} <= {"slow_steps"}
    test, start = facts["metrics"]["test"], facts["metrics"]["start"]
    assert test["perplexity"] < start["perplexity"]
    assert facts["blessed"] is True
    assert Path(facts["pushed_to"]).parent == workspace / "out" / "encoder" / "words"
    assert f"read {data['read']:,} = kept {data['kept']:,}" in output
    assert f"{start['perplexity']:.2f} before, {test['perplexity']:.2f} after" in output
    card = Path(facts["pushed_to"], "model_card.md").read_text(encoding="utf-8")
    assert f"| perplexity | {test['perplexity']:.4f} | {start['perplexity']:.4f} |" in card


def test_the_same_again_is_taken_from_the_cache(workspace, first_run, reviewlens):
    reviewlens("pretrain", "config.yaml", cwd=workspace)

    again = summary(workspace)
    assert set(again["cached"]) == set(again["timings"])
    assert again["metrics"] == first_run[1]["metrics"]
    assert again["pushed_to"] == first_run[1]["pushed_to"]


def test_the_command_that_the_report_ends_with_fine_tunes_it(workspace, first_run, reviewlens):
    command, *arguments = shlex.split(first_run[0].splitlines()[-1])
    assert command == "reviewlens"
    arguments = ["reviews.yaml" if each == "my-reviews.yaml" else each for each in arguments]
    reviewlens(*arguments, "--to", "trainer", cwd=workspace)

    facts = summary(workspace, "rated")
    assert facts["encoder"]["source"] == str(workspace / "out" / "encoder" / "words")
    assert facts["training"]["steps"] > 0
    # Of the same rows the same are held out.
    assert facts["data"]["splits"] == first_run[1]["data"]["splits"]


@pytest.mark.slow
def test_the_compiled_tasks_push_the_encoder_that_the_run_here_pushes(
    workspace, first_run, object_store, run_compiled, fetch_pushed
):
    path = str(workspace / "texts.csv")
    object_store.client.upload_file(path, "reviews", "data/texts.csv")

    launcher = run_compiled(
        workspace, "data.input=minio://reviews/data/texts.csv", pushed_under="encoder"
    )

    pushed = launcher.artifacts["encoder-pusher", "pushed_model"]["metadata"]
    version = pushed["pushed_version"]
    assert pushed["pushed_destination"] == f"s3://reviews/encoder/{version}"
    fetched = fetch_pushed(version, workspace / "fetched", "encoder")
    here = Path(first_run[1]["pushed_to"])
    assert (fetched / "vocab.txt").read_bytes() == (here / "vocab.txt").read_bytes()
    weights, expected = (weights_in(folder) for folder in (fetched, here))
    assert weights.keys() == expected.keys()
    assert all(abs(weights[name] - expected[name]).max() < 1e-4 for name in weights)


def weights_in(folder: Path) -> dict:
    from safetensors.numpy import load_file

    return load_file(folder / "model.safetensors")
