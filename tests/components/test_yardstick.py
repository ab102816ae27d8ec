"""What is said, and done, about a model that is compared with others on the same reviews."""

from __future__ import annotations

import numpy as np
import pyarrow.parquet as pq
import pytest

from reviewlens.components.evaluator import predictions as predictions_module
from reviewlens.components.evaluator.predictions import (
    PREDICTIONS_FILE,
    Predictions,
    gather_predictions,
    parts_in,
    table_of,
)
from reviewlens.components.evaluator.settings import EvaluationSettings
from reviewlens.components.evaluator.yardstick import compare_models
from reviewlens.components.tasks.text_classification.evaluation import COLUMNS

LABELS = ["negative", "neutral", "positive"]
TASK = "text-classification"
SPLITS = ["eval", "test"]


def answers(truth, wrong):
    """Of a model that names the next class of some reviews, and is fairly sure of all."""
    decided = truth.copy()
    decided[wrong] = (truth[wrong] + 1) % 3
    return {
        "decided": decided,
        "probabilities": np.eye(3, dtype=np.float32)[decided] * 0.7 + 0.1,
    }


def shop_of(row):
    """A slice column that says nothing of some reviews."""
    return "north" if row % 9 else None


def compared(rows, candidate, other, settings=None, name="ngrams", **more):
    """Compares models that are wrong about so many reviews, none of them the same."""
    truth = np.arange(rows) % 3
    order = np.random.default_rng(1).permutation(rows)
    of = {
        "candidate": answers(truth, order[:candidate]),
        name: answers(truth, order[candidate : candidate + other]),
    }
    predictions = Predictions(np.arange(rows), truth, of)
    settings = settings or EvaluationSettings()
    return compare_models(predictions, TASK, LABELS, settings, **more)


@pytest.mark.parametrize(
    ("rows", "candidate", "ngrams", "said"),
    [
        (1000, 100, 200, ["The encoder is ahead of the n-grams by 0.100 macro-F1 (", "keep it."]),
        (1000, 200, 100, ["The n-grams are ahead of the encoder by 0.100", "algorithm=ngrams."]),
        (
            90_000,
            9000,
            9300,
            ["The n-grams are as good as the encoder", "gains +0.003 macro-F1, ", "try model."],
        ),
        (
            330,
            50,
            55,
            ["On 330 test reviews the encoder is not surely ahead", "+0.015", "more reviews."],
        ),
        # Nobody was wrong, but of ten reviews that says little.
        (10, 0, 0, ["On 10 test reviews the encoder is not surely ahead", "+0.000"]),
    ],
)
def test_the_sentence_is_that_of_the_case(rows, candidate, ngrams, said):
    sentence = compared(rows, candidate, ngrams, ngram_seconds=2.4).ngram_baseline["sentence"]

    assert all(part in sentence for part in said), sentence
    assert ("train in 2 s" in sentence) == ("keep it" not in sentence)


@pytest.mark.parametrize(
    ("decide_for", "figure"),
    [("accuracy", "accuracy"), ("macro_f1", "macro-F1"), ("both", "macro-F1")],
)
def test_the_sentence_is_of_the_figure_that_counts(decide_for, figure):
    settings = EvaluationSettings(decide_for=decide_for)

    sentence = compared(1000, 100, 200, settings).ngram_baseline["sentence"]

    assert f"by 0.100 {figure}" in sentence


def test_the_sentence_says_that_n_grams_answer_in_the_model_too():
    sentence = compared(1000, 100, 200, wide=True).ngram_baseline["sentence"]

    assert sentence.startswith(
        "The encoder with n-grams beside it is ahead of the n-grams alone by 0.100 macro-F1 ("
    )


@pytest.mark.parametrize(("min_gain", "refused"), [(None, 0), (-0.1, 0), (0.0, 1), (0.02, 1)])
def test_a_gain_counts_by_the_lower_end_of_its_interval(min_gain, refused):
    # 0.03 better, within some 0.04.
    comparison = compared(1000, 200, 230, EvaluationSettings(min_gain=min_gain))

    assert comparison.ngram_baseline["gain"]["macro_f1"]["value"] > 0.02
    assert len(comparison.refusals) == refused


@pytest.mark.parametrize(
    ("rows", "candidate", "baseline", "max_regression", "refused"),
    [
        (1000, 200, 100, 0.01, True),
        # So much was allowed.
        (1000, 200, 100, 0.2, False),
        # One review of 50 is more than 0.01, and nothing to go by.
        (50, 6, 5, 0.01, False),
        # Certain, and no more than was allowed.
        (90_000, 9600, 9000, 0.01, False),
        (1000, 100, 200, 0.0, False),
    ],
)
def test_a_regression_counts_where_it_is_no_chance(
    rows, candidate, baseline, max_regression, refused
):
    settings = EvaluationSettings(max_regression=max_regression)

    comparison = compared(rows, candidate, baseline, settings, name="baseline")

    assert bool(comparison.refusals) == refused
    change = comparison.baseline["gain"]["macro_f1"]["value"]
    assert f"macro-F1 {change:+.3f}" in comparison.baseline["sentence"]
    assert comparison.ngram_baseline is None


def test_the_file_is_the_same_in_whatever_order_workers_finish(tmp_path):
    random = np.random.default_rng(2)
    # Some rows share an id, and some ids are no text.
    ids = [bytes(random.integers(256, size=2).astype(np.uint8)) for _ in range(3)] * 40
    labels = random.integers(3, size=120)
    judged = answers(labels, random.permutation(120)[:60])
    files = []
    for run in range(2):
        folder = tmp_path / str(run)
        folder.mkdir()
        for part, rows in enumerate(np.array_split(random.permutation(120), 4)):
            of = {"candidate": {name: values[rows] for name, values in judged.items()}}
            examples = {
                "id": [ids[row] for row in rows],
                "split": [SPLITS[row % 2] for row in rows],
                "text": [f"text {row}" for row in rows],
                "label": labels[rows],
                "slice_shop": [shop_of(row) for row in rows],
            }
            table = table_of(examples, of, COLUMNS.schema(["candidate"], slices=["shop"]))
            pq.write_table(table, f"{parts_in(str(folder))}-{part}")
        predictions = gather_predictions(str(folder), LABELS, COLUMNS)
        assert [path.name for path in folder.iterdir()] == [PREDICTIONS_FILE]
        files.append((folder / PREDICTIONS_FILE).read_bytes())

    assert files[0] == files[1]
    table = pq.read_table(folder / PREDICTIONS_FILE)
    rows = table.to_pylist()
    assert sorted(row["text"] for row in rows) == sorted(f"text {row}" for row in range(120))
    for row in rows:
        place = int(row["text"].split()[1])
        assert (row["id"], row["label"]) == (ids[place], labels[place])
        assert (row["split"], row["slice_shop"]) == (SPLITS[place % 2], shop_of(place))
        assert row["candidate_decided"] == judged["decided"][place]
        assert row["candidate_probabilities"] == judged["probabilities"][place].tolist()
    # A comparison is of the test split alone.
    tested = [row for row in rows if row["split"] == "test"]
    assert rows[-60:] == tested
    assert predictions.ids.to_pylist() == sorted(row["id"] for row in tested)
    assert predictions.truth.tolist() == [row["label"] for row in tested]
    assert list(predictions.of) == ["candidate"]


def test_long_texts_come_in_groups_of_their_own(tmp_path, monkeypatch):
    monkeypatch.setattr(predictions_module, "_BYTES", 3000)
    texts = ["a" * 2000, "b", "c" * 2000, "d", "é" * 1200, "f"]
    table = table_of(
        {
            "id": [b"%d" % row for row in range(6)],
            "split": ["test"] * 6,
            "text": texts,
            "label": [0] * 6,
        },
        {"candidate": answers(np.zeros(6, int), [1])},
        COLUMNS.schema(["candidate"]),
    )
    for part in range(3):
        pq.write_table(table.take([5 - part, part]), f"{parts_in(str(tmp_path))}-{part}")

    assert len(gather_predictions(str(tmp_path), LABELS, COLUMNS)) == 6

    file = pq.ParquetFile(tmp_path / PREDICTIONS_FILE)
    assert file.read()["text"].to_pylist() == texts
    sizes = [file.metadata.row_group(group).num_rows for group in range(file.num_row_groups)]
    assert sizes == [2, 2, 2]
