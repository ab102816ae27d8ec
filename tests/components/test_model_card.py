"""The model card of a version."""

from __future__ import annotations

import yaml

from reviewlens.components.model_card import model_card

HOSTILE = "a|b\n# <script>alert(1)</script> [x](javascript:y) `c` \u202e" + "long " * 100


def test_hubs_read_the_front_matter():
    metrics = {"test": {"examples": 40, "accuracy": 0.75, "macro_f1": 0.7, "ece": None}}
    card = model_card(
        "mine",
        "text-classification",
        dataset="https://host/shop/reviews.csv?key=s3cret",
        metrics=metrics,
        encoder="hf://FacebookAI/roberta-base@main",
        licence="MIT",
    )
    start, front, body = card.split("---\n", 2)
    facts = yaml.safe_load(front)
    assert start == "" and facts["license"] == "mit"
    assert facts["base_model"] == "FacebookAI/roberta-base"
    (model,) = facts["model-index"]
    (result,) = model["results"]
    assert model["name"] == "mine" and result["dataset"]["name"] == "reviews.csv"
    assert result["metrics"][0] == {"type": "accuracy", "name": "accuracy", "value": 0.75}
    assert "s3cret" not in card and "| accuracy | 0.7500 |" in body.replace("&#95;", "_")
    assert [line for line in body.splitlines() if line.startswith("## ")] == [
        *("## Data", "## Intended use", "## Figures", "## Training", "## Limits")
    ]


def test_nothing_that_data_holds_is_markup():
    judged = {"examples": 3, "accuracy": 0.5}
    test = {**judged, "per_class": {HOSTILE: {"f1": 0.5}}, "slices": {HOSTILE: judged}}
    card = model_card(
        "mine", "text-classification", dataset=HOSTILE, metrics={"test": test}, labels=[HOSTILE]
    )
    plain = model_card(
        "mine", "text-classification", metrics={"test": test | {"slices": {"x": {}}}}
    )
    body = card.split("---\n", 2)[2]
    assert "<" not in body and "](" not in body and "\u202e" not in body
    assert len([line for line in body.splitlines() if line.startswith("#")]) == 6
    rows = [line for line in body.splitlines() if line.startswith("| a&#124;b")]
    assert [row.count("|") for row in rows] == [3, 4] and max(map(len, rows)) < 400
    assert yaml.safe_load(plain.split("---\n", 2)[1])["pipeline_tag"] == "text-classification"


def test_a_model_that_was_not_judged_has_a_card_without_figures():
    card = model_card("mine", "question-answering")
    assert "It was not judged." in card and "model-index" not in card
