"""Which reviews `domain.py` learns from, and what it says of them."""

from __future__ import annotations

import importlib
import types

import numpy as np
import pytest

from reviewlens.models.training.tokenized import TokenizedTexts


@pytest.fixture
def domain(scripts):
    return importlib.import_module("domain")


@pytest.fixture
def splits():
    def texts(first, count):
        rows = [[101, first + number, 102] for number in range(count)]
        return TokenizedTexts.from_rows(rows, {"grade": [number % 3 for number in range(count)]})

    return types.SimpleNamespace(
        graded=texts(1_000, 80), graded_evaluation=texts(2_000, 20), test=texts(3_000, 30)
    )


def pieces(texts) -> list[int]:
    return texts.tokens[1::3].tolist()


def test_a_seed_draws_its_reviews_and_an_eighth_as_many_to_pick_the_epoch(domain, splits):
    drawn = domain.draw(splits, 40, seed=7)

    assert {name: len(texts) for name, texts in drawn.items()} == {
        "train": 40,
        "eval": 5,
        "test": 30,
    }
    assert pieces(domain.draw(splits, 40, seed=7)["train"]) == pieces(drawn["train"])
    assert pieces(domain.draw(splits, 40, seed=8)["train"]) != pieces(drawn["train"])
    assert set(pieces(drawn["train"])) <= set(pieces(splits.graded))


def test_what_is_drawn_does_not_hang_on_the_order_of_the_file(domain, splits):
    other = types.SimpleNamespace(**vars(splits))
    other.graded = splits.graded.take(np.arange(80)[::-1])

    assert pieces(domain.draw(other, 40, 7)["train"]) == pieces(domain.draw(splits, 40, 7)["train"])


def test_all_reviews_are_learnt_from_once(domain, splits):
    assert list(domain.sizes(["500", "50", "all", "50"], rows=80)) == [50, 0]
    assert sorted(pieces(domain.draw(splits, 0, 7)["train"])) == pieces(splits.graded)
    assert len(domain.draw(splits, 0, 7)["eval"]) == 20


def test_differences_are_of_the_same_seeds(domain, capsys):
    labels = np.tile(np.arange(3), 20)
    answers = {
        name: [
            domain.Answers(np.arange(60), labels, np.eye(3)[decided], decided)
            for decided in (np.where(np.arange(60) < wrong, (labels + 1) % 3, labels),) * 2
        ]
        for name, wrong in ((domain.WITHOUT, 12), ("its texts", 6))
    }
    result = domain.Result(domain.judge(answers, 3), dict.fromkeys(answers, [1, 2]), 500)

    domain.print_study(domain.STUDIES["clothing"], {500: result})

    gained = domain.facts({500: result})["500"]["its texts"]["difference"]["accuracy"]
    assert gained["value"] == pytest.approx(0.1) and gained["margin"] > 0
    without, with_ = capsys.readouterr().out.splitlines()[-2:]
    assert without.startswith("| 500 | without | 0.8000 ±") and "+0.1000 ±" in with_
