from __future__ import annotations

import functools
import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import tensorflow as tf
from sklearn.metrics import (
    accuracy_score,
    confusion_matrix,
    f1_score,
    log_loss,
    precision_recall_fscore_support,
)

from reviewlens.components.evaluator.settings import EvaluationSettings
from reviewlens.components.ngram_trainer import TrainedNgrams
from reviewlens.components.trainer import TrainedModel
from reviewlens.models import (
    Calibration,
    Decision,
    NgramSettings,
    TextClassification,
    train_ngrams,
)
from reviewlens.models.tasks.text_classification.metrics import expected_calibration_error
from reviewlens.models.training.tokenized import TokenizedTexts
from reviewlens.pipeline.report.analysis.answers import PredictionsFile
from reviewlens.pipeline.report.analysis.calibration import reliability_of
from reviewlens.pipeline.report.analysis.classes import figures_of
from reviewlens.pipeline.report.analysis.slicing import rows_of_values
from reviewlens.serving import LocalModel
from reviewlens.serving.export import export_model

SHOPS = ("north", "south")


@pytest.fixture(scope="session")
def answers(tiny_model, reviews):
    """The model's own answers to 300 reviews, and labels that it gets right in part."""
    texts = reviews[:300]
    predictions = LocalModel(tiny_model).predict(texts)
    names = list(predictions[0].probabilities)
    named = [names.index(prediction.label) for prediction in predictions]
    # Every class occurs in every slice, whatever the model says.
    labels = [index if row % 3 else row // 15 % len(names) for row, index in enumerate(named)]
    return texts, labels, named, [list(p.probabilities.values()) for p in predictions], names


class _Undecided(tf.Module):
    """A model that knows nothing of any text: all classes are as likely."""

    tokenizer, files = None, {}

    def __init__(self, classes):
        super().__init__()
        self.classes = classes

    def __call__(self, texts):
        return tf.zeros([tf.shape(texts)[0], self.classes])

    def facts(self):
        return {"algorithm": "none"}


@pytest.fixture(scope="session")
def export_undecided(tmp_path_factory):
    """Exports a model of some classes that always names the first one; returns its directory."""

    def export(labels):
        directory = str(tmp_path_factory.mktemp("undecided") / "1")
        decision = Decision(Calibration(1.0, (0.0,) * len(labels)), (0.0,) * len(labels))
        task = TextClassification(labels)
        export_model(directory, task=task, model=_Undecided(len(labels)), decision=decision)
        return directory

    return export


@pytest.fixture(scope="session")
def undecided(export_undecided, served):
    """Directory of a model that always names the first class, of those of `tiny_model`."""
    return export_undecided(served.labels)


@pytest.fixture(scope="session")
def ngrams(artifacts_in, served, answers, tmp_path_factory):
    """An n-gram classifier that has learnt by heart what the labels of the reviews are."""
    texts, labels, *_ = answers
    task, settings = served.task, NgramSettings(buckets=4096)
    trained = TrainedNgrams(settings, task.name, task.config())
    model = trained.make_model()
    ids = model.features(texts)
    rows = TokenizedTexts.from_rows(ids.to_list(), {"label": labels, "grade": labels}, [])
    train_ngrams(model, rows, rows, task)
    artifact = artifacts_in(tmp_path_factory.mktemp("ngrams"))(TrainedModel)
    trained.save(artifact.uri, model, task.fit_decision(model.score(rows), rows))
    return artifact


@pytest.fixture(scope="module")
def evaluate(evaluator_on, tiny_model, ngrams, answers, reviews):
    """Runs the evaluator on these reviews; returns the folder of its results and its blessing."""
    texts, labels, *_, names = answers
    rows = [
        {"text": text, "label": label, "shop": SHOPS[row % 5 == 0]}
        for row, (text, label) in enumerate(zip(texts, labels, strict=True))
    ]
    beside = [{"text": text, "label": 0, "shop": SHOPS[0]} for text in reviews[300:340]]
    run = evaluator_on(rows, "text-classification", {"labels": names}, ["shop"], beside)

    @functools.cache
    def evaluate(settings, candidate=tiny_model, baseline=None, with_ngrams=False):
        return run(settings, candidate, baseline, [ngrams] if with_ngrams else [])

    return evaluate


def metrics_in(folder):
    return json.loads((folder / "metrics.json").read_text())


def test_metrics_are_those_of_the_decision_and_of_the_probabilities(evaluate, answers):
    _, labels, named, probabilities, names = answers

    folder, blessing = evaluate(EvaluationSettings(min_macro_f1=0.1))

    metrics = metrics_in(folder)
    test = metrics["test"]
    assert test["macro_f1"] == pytest.approx(f1_score(labels, named, average="macro"), abs=1e-6)
    assert test["confusion_matrix"] == confusion_matrix(labels, named).tolist()
    precision, recall, f1, support = precision_recall_fscore_support(labels, named)
    for index, name in enumerate(names):
        figures = test["per_class"][name]
        assert figures["precision"] == pytest.approx(precision[index], abs=1e-6)
        assert figures["recall"] == pytest.approx(recall[index], abs=1e-6)
        assert figures["f1"] == pytest.approx(f1[index], abs=1e-6)
        assert figures["support"] == support[index]
    error = expected_calibration_error(np.array(probabilities), np.array(labels))
    assert test["ece"] == pytest.approx(error, abs=1e-4)
    assert metrics["baseline"] is None
    assert blessing.get_int_custom_property("blessed") == 1


def test_every_slice_is_reported(evaluate, answers):
    _, labels, named, _, _ = answers

    folder, _ = evaluate(EvaluationSettings(min_macro_f1=0.1))

    south = slice(0, None, 5)
    metrics = metrics_in(folder)
    report = metrics["test"]["slices"]["shop=south"]
    assert list(metrics["test"]["slices"]) == ["shop=north", "shop=south"]
    assert report["examples"] == len(labels[south])
    expected = f1_score(labels[south], named[south], average="macro")
    assert report["macro_f1"] == pytest.approx(expected, abs=1e-6)


def test_a_model_below_the_threshold_is_not_blessed_and_the_reason_is_said(evaluate):
    _, blessing = evaluate(EvaluationSettings(min_macro_f1=0.99, min_accuracy=0.98))

    assert blessing.get_int_custom_property("blessed") == 0
    reason = blessing.get_string_custom_property("reason")
    assert "below evaluation.min_macro_f1=0.99" in reason
    assert "below evaluation.min_accuracy=0.98" in reason


def test_a_model_as_good_as_the_last_blessed_one_is_blessed(evaluate, tiny_model):
    folder, blessing = evaluate(EvaluationSettings(min_macro_f1=0.1), baseline=tiny_model)

    metrics = metrics_in(folder)
    assert metrics["baseline"]["macro_f1"] == metrics["test"]["macro_f1"]
    assert metrics["baseline"]["gain"]["macro_f1"] == {"value": 0, "low": 0, "high": 0}
    assert blessing.get_int_custom_property("blessed") == 1


def test_a_baseline_without_files_is_none(evaluate):
    folder, blessing = evaluate(EvaluationSettings(min_macro_f1=0.1), baseline="")

    assert metrics_in(folder)["baseline"] is None
    assert blessing.get_int_custom_property("blessed") == 1


@pytest.mark.parametrize(
    "labels",
    [("bad", "fair", "good", "great"), ("bad", "good"), ("positive", "neutral", "negative")],
)
def test_a_baseline_of_other_classes_is_none(evaluate, export_undecided, labels):
    folder, blessing = evaluate(
        EvaluationSettings(min_macro_f1=0.1), baseline=export_undecided(labels)
    )

    metrics = metrics_in(folder)
    assert metrics["baseline"] is None
    assert metrics["test"]["macro_f1"] > 0.1
    assert blessing.get_int_custom_property("blessed") == 1


def test_what_each_model_says_of_each_review_is_written_down(evaluate, answers, undecided):
    texts, labels, named, probabilities, names = answers

    folder, blessing = evaluate(
        EvaluationSettings(min_macro_f1=0.1), baseline=undecided, with_ngrams=True
    )

    table = pq.read_table(folder / "predictions.parquet")
    assert json.loads(table.schema.metadata[b"labels"]) == names
    rows = [row for row in table.to_pylist() if row["split"] == "test"]
    assert [row["id"] for row in rows] == sorted(b"%d" % row for row in range(len(texts)))
    assert not list(folder.glob("predictions-*"))
    for row in rows:
        position = int(row["id"])
        assert row["text"] == texts[position]
        assert row["slice_shop"] == SHOPS[position % 5 == 0]
        assert row["label"] == labels[position]
        assert row["candidate_decided"] == named[position]
        assert row["candidate_probabilities"] == pytest.approx(probabilities[position], abs=1e-5)
        assert row["baseline_decided"] == 0
        assert row["baseline_probabilities"] == pytest.approx([1 / 3] * 3)
    metrics = metrics_in(folder)
    for name, report in (("candidate", metrics["test"]), ("ngrams", metrics["ngram_baseline"])):
        true = [row["label"] for row in rows]
        decided = [row[f"{name}_decided"] for row in rows]
        of_rows = np.array([row[f"{name}_probabilities"] for row in rows], np.float64)
        of_rows /= of_rows.sum(axis=1, keepdims=True)
        assert report["accuracy"] == pytest.approx(accuracy_score(true, decided), abs=1e-6)
        assert report["macro_f1"] == pytest.approx(
            f1_score(true, decided, average="macro"), abs=1e-6
        )
        assert report["log_loss"] == pytest.approx(log_loss(true, of_rows), abs=1e-5)
        assert set(report["per_class"]) == set(names)
    gain = metrics["ngram_baseline"]["gain"]
    for figure, found in gain.items():
        difference = metrics["test"][figure] - metrics["ngram_baseline"][figure]
        assert found["value"] == pytest.approx(difference, abs=1e-5)
        assert found["low"] <= found["value"] <= found["high"]
    # They know the reviews by heart.
    assert gain["macro_f1"]["high"] < 0
    assert "use model.algorithm=ngrams" in metrics["ngram_baseline"]["sentence"]
    assert metrics["baseline"]["gain"]["macro_f1"]["low"] > 0
    assert blessing.get_int_custom_property("blessed") == 1


def test_the_eval_split_is_written_down_as_well_and_changes_no_figure(
    evaluate, undecided, reviews, tiny_model, answers
):
    folder, _ = evaluate(EvaluationSettings(min_macro_f1=0.1), baseline=undecided, with_ngrams=True)

    table = pq.read_table(folder / "predictions.parquet")
    rows = [row for row in table.to_pylist() if row["split"] == "eval"]
    assert len(table) == len(answers[0]) + len(rows) and len(rows) == 40
    expected = LocalModel(tiny_model).predict(reviews[300:340])
    for row in rows:
        place = int(row["id"]) - len(answers[0])
        assert row["text"] == reviews[300 + place]
        assert (row["label"], row["slice_shop"], row["baseline_decided"]) == (0, SHOPS[0], 0)
        probabilities = list(expected[place].probabilities.values())
        assert row["candidate_probabilities"] == pytest.approx(probabilities, abs=1e-5)
        assert len(row["ngrams_probabilities"]) == len(probabilities)
    metrics = metrics_in(folder)
    assert metrics["test"]["examples"] == len(answers[0])
    assert sum(f["support"] for f in metrics["ngram_baseline"]["per_class"].values()) == 300


def test_what_is_written_down_gives_the_figures_that_the_evaluator_tells(evaluate):
    folder, _ = evaluate(EvaluationSettings(min_macro_f1=0.1))
    file = PredictionsFile(str(folder / "predictions.parquet"))
    answered = file.read()
    said, truth = answered.of["candidate"], answered.truth

    found = figures_of(truth, said["decided"], len(file.labels))
    confidence, most = said["probabilities"].max(axis=1), said["probabilities"].argmax(axis=1)

    test = metrics_in(folder)["test"]
    assert found.macro_f1.value == pytest.approx(test["macro_f1"], abs=1e-6)
    assert found.accuracy.value == pytest.approx(test["accuracy"], abs=1e-6)
    assert found.confusion.tolist() == test["confusion_matrix"]
    assert reliability_of(confidence, most == truth).ece.value == pytest.approx(test["ece"])
    (shop,) = file.slices
    for value, rows in rows_of_values(file.slice_values(shop, answered.rows))[0]:
        of = figures_of(truth[rows], said["decided"][rows], len(file.labels))
        report = test["slices"][f"{shop}={value}"]
        assert of.macro_f1.value == pytest.approx(report["macro_f1"], abs=1e-6)
        assert of.examples == report["examples"]


def test_a_model_that_others_surely_beat_is_not_blessed(evaluate, tiny_model, undecided):
    folder, blessing = evaluate(
        EvaluationSettings(min_macro_f1=0.0, min_gain=-0.05),
        candidate=undecided,
        baseline=tiny_model,
        with_ngrams=True,
    )

    assert blessing.get_int_custom_property("blessed") == 0
    assert [path.name for path in Path(blessing.uri).iterdir()] == ["NOT_BLESSED"]
    worse, dearer = blessing.get_string_custom_property("reason").split("; ")
    assert "more than evaluation.max_regression=0.01 allows" in worse
    assert "below evaluation.min_gain=-0.05" in dearer
    assert metrics_in(folder)["test"]["macro_f1"] < metrics_in(folder)["baseline"]["macro_f1"]
