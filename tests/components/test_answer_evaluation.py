"""How a model that answers questions is judged: SQuAD's figures, on the whole split and slices."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import tensorflow as tf

from reviewlens.components.evaluator.settings import EvaluationSettings
from reviewlens.serving.model_card import write_model_card

TASK = "question-answering"
SHOPS = ("north", "south")
# What is right, and answers of two models with the F1 and the exact match of each.
QUESTIONS = [
    (["red shoes"], ("The red shoes!", 1, 1), ("shoes", 2 / 3, 0)),
    (["an hour", "one hour", "hour"], ("hour", 1, 1), ("for one hour", 4 / 5, 0)),
    (["two small dogs"], ("small dogs", 4 / 5, 0), ("", 0, 0)),
    (["Müller’s"], ("müller’s", 1, 1), ("Muller’s", 0, 0)),
    ([], ("", 1, 1), ("nothing", 0, 0)),
    ([], ("the price", 0, 0), ("", 1, 1)),
    (["the"], ("a", 1, 1), ("that", 0, 0)),
]
ROWS = [QUESTIONS[place % len(QUESTIONS)] for place in range(140)]


class _Parrot(tf.Module):
    """Answers what the context says, `answer|…`, with the score that the question is."""

    def __init__(self, place, labels):
        super().__init__()
        self._place = place
        path = tf.io.gfile.join(labels, "labels.txt")
        Path(path).touch()
        self.labels = tf.saved_model.Asset(path)

    @tf.function(
        input_signature=[
            tf.TensorSpec([None], tf.string, "question"),
            tf.TensorSpec([None], tf.string, "context"),
        ]
    )
    def serve(self, question, context):
        answer = tf.strings.split(context, "|").to_tensor()[:, self._place]
        length = tf.cast(tf.strings.length(answer, "UTF8_CHAR"), tf.int64)
        return {
            "answer": answer,
            "start": length * 0,
            "end": length,
            "score": tf.strings.to_number(question),
        }


@pytest.fixture(scope="module")
def parrots(tmp_path_factory):
    """Directories of two models, which answer what a context says."""
    directories = []
    for place in range(2):
        directory = str(tmp_path_factory.mktemp("parrot") / "1")
        model = _Parrot(place, str(tmp_path_factory.mktemp("labels")))
        tf.saved_model.save(model, directory, signatures={"serving_default": model.serve})
        write_model_card(directory, {"task": TASK})
        directories.append(directory)
    return directories


@pytest.fixture(scope="module")
def scores():
    """What the models say of how sure they are, one number a question."""
    return np.random.default_rng(6).uniform(0.3, 1, len(ROWS)).round(3)


@pytest.fixture(scope="module")
def evaluated(evaluator_on, parrots, scores):
    """The second model beside the first one: the folder of the results, and its blessing."""
    rows = [
        {
            "question": str(score),
            "text": "|".join([*(answer for answer, *_ in answers), "more"]),
            "answers": json.dumps(right),
            "shop": SHOPS[place % 5 == 0],
        }
        for place, ((right, *answers), score) in enumerate(zip(ROWS, scores, strict=True))
    ]
    evaluate = evaluator_on(rows, TASK, {}, ["shop"])
    return evaluate(EvaluationSettings(min_f1=0.9), parrots[1], parrots[0])


def metrics_in(folder):
    return json.loads((folder / "metrics.json").read_text())


def figures_of(rows, model):
    """What the rows say of a model, by the names of the summary."""

    def means(chosen):
        f1, exact = np.mean([row[model][1:] for row in chosen], axis=0)
        return {"f1": f1, "exact": exact, "examples": len(chosen)}

    return {
        **means(rows),
        "has_answer": means([row for row in rows if row[0]]),
        "no_answer": means([row for row in rows if not row[0]]),
    }


def assert_same(found, expected):
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, abs=1e-9), name


def test_the_figures_are_those_of_squad(evaluated):
    metrics = metrics_in(evaluated[0])

    assert_same(metrics["test"], figures_of(ROWS, 2))
    assert_same(metrics["baseline"], figures_of(ROWS, 1))
    for place, shop in enumerate(SHOPS):
        rows = [row for number, row in enumerate(ROWS) if (number % 5 == 0) == place]
        assert_same(metrics["test"]["slices"][f"shop={shop}"], figures_of(rows, 2))


def test_a_model_is_compared_question_by_question(evaluated):
    metrics = metrics_in(evaluated[0])

    gains = metrics["baseline"]["gain"]
    for name in ("f1", "exact"):
        difference = metrics["test"][name] - metrics["baseline"][name]
        assert gains[name]["value"] == pytest.approx(difference, abs=1e-9)
        assert gains[name]["low"] < gains[name]["value"] < gains[name]["high"] < 0
    assert metrics["baseline"]["sentence"].startswith("Against the last blessed model: F1 -0.")


def test_what_each_model_answers_is_written_down(evaluated, scores):
    table = pq.read_table(evaluated[0] / "predictions.parquet")

    names = ("answer", "score", "start", "end")
    of_models = [f"{model}_{name}" for model in ("candidate", "baseline") for name in names]
    assert table.column_names == [
        "id",
        "split",
        "text",
        "question",
        "answers",
        "slice_shop",
        *of_models,
    ]
    is_right = np.zeros(len(ROWS))
    for row in table.to_pylist():
        place = int(row["id"])
        right, *answers = ROWS[place]
        assert json.loads(row["answers"]) == right
        assert [row["baseline_answer"], row["candidate_answer"]] == [each[0] for each in answers]
        assert row["candidate_score"] == pytest.approx(scores[place])
        assert (row["candidate_start"], row["candidate_end"]) == (0, len(answers[1][0]))
        is_right[place] = answers[1][2]
    bins = np.ceil(scores * 15)
    gaps = [abs(np.sum((scores - is_right)[bins == place])) for place in range(1, 16)]
    assert metrics_in(evaluated[0])["test"]["ece"] == pytest.approx(sum(gaps) / len(ROWS), abs=1e-6)


def test_one_that_answers_too_badly_and_worse_than_before_is_not_blessed(evaluated):
    blessing = evaluated[1]

    assert blessing.get_int_custom_property("blessed") == 0
    few, worse = blessing.get_string_custom_property("reason").split("; ")
    assert few.startswith("f1 is 0.") and few.endswith("below evaluation.min_f1=0.9")
    assert worse.startswith("f1 changed by -0.")
    assert "more than evaluation.max_regression=0.01 allows" in worse
