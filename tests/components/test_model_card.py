"""The model card of a version."""

from __future__ import annotations

import pytest
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


@pytest.mark.parametrize(
    ("reading", "told"),
    [
        ({"max_tokens": 128, "truncation": "head"}, "It reads the first 128 pieces of a text."),
        ({"max_tokens": 128, "truncation": "head_tail"}, "a quarter of them from its beginning"),
        ({"max_tokens": 48, "stride": 20}, "all of a text: of a longer one 48 pieces at a time."),
        ({"algorithm": "ngrams"}, "It reads all of a text."),
        (None, ""),
    ],
)
def test_says_how_much_of_a_text_is_read(reading, told):
    card = model_card("mine", "text-classification", reading=reading)
    assert told in card and ("It reads" in card) == bool(told)


def test_of_an_encoder_of_this_machine_the_folder_is_not_told():
    card = model_card("mine", "text-classification", encoder="/home/somebody/tiny-bert/")
    assert "the encoder tiny-bert (of which" in card and "somebody" not in card
    card = model_card("mine", "text-classification", encoder="hf://FacebookAI/roberta-base")
    assert "the encoder hf://FacebookAI/roberta-base (of which" in card


def test_the_first_f1_of_entities_is_that_of_all_of_them():
    card = model_card("mine", "token-classification", metrics={"test": {"macro_f1": 0.5, "f1": 1}})
    (model,) = yaml.safe_load(card.split("---\n", 2)[1])["model-index"]
    assert [one["name"] for one in model["results"][0]["metrics"]] == ["f1", "macro_f1"]


def test_questions_without_an_answer_and_figures_of_before_have_their_places():
    asked = {"examples": 3, "f1": 0.5, "has_answer": {"examples": 2, "f1": 0.25}}
    card = model_card("mine", "question-answering", metrics={"test": asked})
    assert "| of which | examples | f1 |" in card and "| has answer | 2 | 0.2500 |" in card
    metrics = {"test": {"perplexity": 7.5, "segments": 40}, "start": {"perplexity": 9.25}}
    card = model_card("mine", "masked-language-model", metrics=metrics)
    assert "| perplexity | 7.5000 | 9.2500 |" in card and "| segments | 40 | - |" in card
