"""The whole pipeline, from a file to a model that answers, on a tiny encoder."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
import yaml

pytestmark = pytest.mark.e2e

STARS = {"negative": [1, 2], "neutral": [3], "positive": [4, 5]}
# What the models learn: whoever writes of a star rating uses these words.
WORDS = ["bad and broken", "poor", "average", "good", "great and wonderful"]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory, tiny_encoder, reviews) -> Path:
    """A folder with a file of 600 reviews, three of them of no use, and its configuration."""
    folder = tmp_path_factory.mktemp("workspace")
    rows = [
        {"text": f"{text} {WORDS[i % 5]}", "stars": i % 5 + 1, "shop": ["north", "south"][i % 2]}
        for i, text in enumerate(dict.fromkeys(reviews[:597]))
    ]
    rows += [{**rows[0]}, {"text": "", "stars": 1, "shop": "north"}, {**rows[1], "stars": 9}]
    with open(folder / "reviews.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    config = {
        "name": "tiny",
        "output": "out",
        "data": {
            "input": "reviews.csv",
            "text": ["text"],
            "rating": "stars",
            "classes": STARS,
            "slices": ["shop"],
        },
        "encoder": tiny_encoder,
        "model": {"max_tokens": 64},
        "training": {"epochs": 4, "batch_size": 16, "learning_rate": 5e-3},
        "debug": {"save": ["losses", "gradients"]},
        # What is faster may differ from run to run, and the answers with it.
        "export": {"precision": "float32"},
        "evaluation": {"min_macro_f1": 0.2, "max_regression": 1.0},
    }
    (folder / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
    return folder


@pytest.fixture(scope="module")
def first_run(workspace, reviewlens) -> tuple[str, dict]:
    output = reviewlens("run", "config.yaml", cwd=workspace, forked=False)
    return output, summary(workspace)


def summary(workspace: Path) -> dict:
    return json.loads((workspace / "out" / "summary.json").read_text())


def executed(workspace: Path) -> set[str]:
    """The nodes that the last run did not take from the cache."""
    last = summary(workspace)
    return set(last["timings"]) - set(last["cached"])


def test_a_run_ends_with_a_pushed_model_that_answers(workspace, first_run, reviewlens):
    _, facts = first_run

    assert facts["blessed"] is True
    pushed = Path(facts["pushed_to"])
    assert pushed.parent == workspace / "out" / "serving" / "tiny"
    answer = reviewlens("predict", "--model", pushed, "great and wonderful", cwd=workspace)
    assert "positive" in answer


def test_what_was_seen_of_the_training_is_shown_afterwards(workspace, first_run, reviewlens):
    shown = reviewlens("debug", "out", cwd=workspace)
    rules = first_run[1]["training"]["rules"]
    assert f"{len(rules)} rules watched the training" in shown
    assert all(name in shown for name in [*rules, "backward", "tokens a second"])
    shown = reviewlens("debug", "out", "--tensor", "head/bias", cwd=workspace)
    assert "gradients: " in shown and "head/bias" in shown and "head/kernel" not in shown


def test_the_summary_says_what_happened(first_run):
    output, facts = first_run

    data = facts["data"]
    assert data["read"] == data["kept"] + data["duplicates"] + data["rejected"]
    assert data["duplicates"] == 1
    assert data["rejected"] == 2
    assert sum(data["splits"].values()) == data["kept"]
    assert set(data["splits"]) == {"train", "eval", "test"}
    # A healthy training, of which the rules have nothing to say.
    # But for how long steps take, which others at work on the machine decide.
    assert {finding["rule"] for finding in facts["training"]["findings"]} <= {"slow_steps"}
    assert {split: sum(kinds.values()) for split, kinds in data["kinds"].items()} == data["splits"]
    test = facts["metrics"]["test"]
    assert set(test["per_class"]) == set(STARS)
    assert sum(row["support"] for row in test["per_class"].values()) == data["splits"]["test"]
    assert {"accuracy", "macro_f1", "ece", "slices"} <= set(test)
    yardstick = facts["metrics"]["ngram_baseline"]
    assert set(yardstick["per_class"]) == set(STARS)
    assert yardstick["sentence"] in output
    gain = yardstick["gain"]["macro_f1"]
    assert gain["value"] == pytest.approx(test["macro_f1"] - yardstick["macro_f1"], abs=1e-6)
    assert facts["training"]["best_epoch"] in range(1, 5)
    # On 45 reviews they are mostly chance; what calibrating does is tested on thousands.
    assert {"ece_before", "ece_after"} <= set(facts["training"])
    assert facts["encoder"]["parameters"] > 0
    assert facts["versions"]["tensorflow"]
    assert f"{test['macro_f1']:.3f}" in output


def test_the_report_shows_what_the_summary_says(workspace, first_run, reviewlens, read_page):
    output, facts = first_run
    page = read_page(workspace / "out" / "report.html")

    assert "report   out/report.html" in output
    assert page.differing(facts) == []
    shown = dict(page.values)
    assert {
        *(f"metrics.test.{name}" for name in ("macro_f1", "accuracy")),
        *("data.read", "data.kept", "training.best_epoch", "timings.trainer", "run.seconds"),
    } <= set(shown)
    told = ["overview", "data", "training", "results", "errors", "decisions", "nodes"]
    assert page.sections == [*told, "configuration"]
    assert "could not be made" not in page.text
    again = workspace / "again.html"
    reviewlens("report", "out", "--output", again, cwd=workspace)
    assert read_page(again).text == page.text


def test_a_rejected_row_is_written_down_with_its_reason(workspace, first_run):
    lines = [
        json.loads(line)
        for file in (workspace / "out" / "rejected").glob("*.jsonl")
        for line in file.read_text().splitlines()
    ]

    assert len(lines) == first_run[1]["data"]["rejected"]
    assert all(line["reason"] and "reviews.csv" in line["file"] for line in lines)


def test_the_evaluation_agrees_with_the_model_that_was_pushed(workspace, first_run):
    import tensorflow as tf
    from sklearn.metrics import f1_score

    from reviewlens.serving import LocalModel

    _, facts = first_run
    (split,) = (workspace / "out/pipeline/review-example-gen/examples").glob("*/Split-test")
    texts, labels = [], []
    for record in tf.data.TFRecordDataset(sorted(map(str, split.iterdir())), "GZIP"):
        feature = tf.train.Example.FromString(record.numpy()).features.feature
        texts.append(feature["text"].bytes_list.value[0].decode())
        labels.append(list(STARS)[feature["label"].int64_list.value[0]])
    named = [prediction.label for prediction in LocalModel(facts["pushed_to"]).predict(texts)]

    expected = f1_score(labels, named, average="macro")
    assert facts["metrics"]["test"]["macro_f1"] == pytest.approx(expected, abs=1e-6)


@pytest.mark.slow
def test_evaluating_the_rows_of_the_test_split_gives_what_the_evaluator_gave(
    workspace, first_run, tmp_path
):
    from reviewlens.pipeline.config import load_config
    from reviewlens.pipeline.evaluation import evaluate_file, texts_learnt, with_input
    from reviewlens.pipeline.report.analysis.answers import PredictionsFile
    from reviewlens.serving import LocalModel

    _, facts = first_run
    (path,) = (workspace / "out/pipeline/evaluator/evaluation").glob("*/predictions.parquet")
    file = PredictionsFile(str(path))
    answered = file.read(["test"])
    shops = file.slice_values("shop", answered.rows)
    with open(tmp_path / "test.csv", "w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["text", "stars", "shop"])
        # Of a class any of its ratings will do.
        stars = [values[0] for values in STARS.values()]
        texts = file.texts(answered.rows)
        for text, label, shop in zip(texts, answered.truth, shops, strict=True):
            writer.writerow([text, stars[label], shop])
    data = load_config(str(workspace / "config.yaml")).data
    pushed = facts["pushed_to"]

    evaluated, known = evaluate_file(
        LocalModel(pushed),
        "text-classification",
        with_input(data, str(tmp_path / "test.csv")),
        str(tmp_path / "out"),
        texts_learnt(pushed),
    )

    found, expected = evaluated.summary["metrics"]["test"], dict(facts["metrics"]["test"])
    slices, expected_slices = found.pop("slices"), expected.pop("slices")
    assert known == 0 and texts_learnt(pushed)
    for one, other in [(found, expected), *((slices[k], expected_slices[k]) for k in slices)]:
        assert one["confusion_matrix"] == other["confusion_matrix"]
        for name in ("examples", "accuracy", "macro_f1", "ece", "log_loss"):
            assert one[name] == pytest.approx(other[name], abs=1e-6), name
        for label, figures in one["per_class"].items():
            assert figures == pytest.approx(other["per_class"][label], abs=1e-6)
    written = PredictionsFile(str(tmp_path / "out" / "predictions.parquet"))
    assert (written.task, written.labels, written.slices) == (file.task, file.labels, file.slices)


def test_nothing_runs_again_without_a_reason(workspace, first_run, reviewlens):
    reviewlens("run", "config.yaml", cwd=workspace)

    assert executed(workspace) <= {"latest-blessed"}
    assert summary(workspace)["metrics"] == first_run[1]["metrics"]


def test_a_training_setting_runs_only_what_depends_on_it(workspace, first_run, reviewlens):
    demanding = ("run", "config.yaml", "training.epochs=1", "evaluation.min_macro_f1=0.999")
    output = reviewlens(*demanding, cwd=workspace, expect=3)

    assert executed(workspace) - {"latest-blessed"} == {
        "trainer",
        "exporter",
        "evaluator",
        "serving-validator",
        "pusher",
    }
    assert ["pusher", "skipped"] in [line.split()[1:3] for line in output.splitlines()]
    # And a model that is not good enough stays where it is, for a reason that is said.
    assert summary(workspace)["blessed"] is False
    assert not summary(workspace)["pushed_to"]
    assert "below evaluation.min_macro_f1=0.999" in output
    assert len(list((workspace / "out" / "serving" / "tiny").iterdir())) == 1
    assert summary(workspace)["metrics"]["baseline"]["macro_f1"] == pytest.approx(
        first_run[1]["metrics"]["test"]["macro_f1"], abs=1e-6
    )


def test_what_is_decided_after_the_training_takes_no_training(workspace, first_run, reviewlens):
    changed = ("export.precision=auto", "evaluation.decide_for=accuracy")
    reviewlens("run", "config.yaml", *changed, cwd=workspace)

    assert executed(workspace) <= {
        *("ngram-trainer", "exporter"),
        *("latest-blessed", "evaluator", "serving-validator", "pusher"),
    }
    assert {"exporter", "evaluator"} <= executed(workspace)
    assert summary(workspace)["training"]["steps"] == first_run[1]["training"]["steps"]


@pytest.mark.slow
def test_a_training_starts_from_the_last_model_that_was_pushed(workspace, first_run, reviewlens):
    start = ("training.start_from=last", "training.epochs=1", "--to", "trainer")
    output = reviewlens("run", "config.yaml", *start, cwd=workspace)
    last = max((workspace / "out/serving/tiny").iterdir(), key=lambda folder: int(folder.name))

    assert f"training starts from {last}" in output
    assert executed(workspace) == {"trainer"}
    trained = summary(workspace)["training"]
    assert Path(trained["start_from"]).parent == workspace / "out/pipeline/trainer/trained_model"
    # What it starts from has not changed.
    reviewlens("run", "config.yaml", *start, cwd=workspace)
    assert executed(workspace) == set()

    fresh = (*start, "output=fresh")
    output = reviewlens("run", "config.yaml", *fresh, cwd=workspace)
    assert "no model is in" in output and "starts from the encoder" in output
    by_folder = ("training.start_from=out", *start[1:], "output=fresh")
    assert "training starts from" in reviewlens("run", "config.yaml", *by_folder, cwd=workspace)
    names = ("training.start_from=nowhere", *start[1:])
    output = reviewlens("run", "config.yaml", *names, cwd=workspace, expect=1)
    assert "training.start_from: nowhere: no such directory" in output


@pytest.mark.slow
def test_a_saved_model_is_fine_tuned_as_it_is(workspace, first_run, reviewlens):
    reviewlens("run", "config.yaml", "model.native=false", cwd=workspace)

    assert {"trainer", "evaluator", "pusher"} <= executed(workspace)
    assert summary(workspace)["blessed"] is True


def test_an_anomaly_against_a_given_schema_stops_the_run(workspace, first_run, reviewlens):
    (inferred,) = (workspace / "out/pipeline/schema-gen/schema").glob("*/schema.pbtxt")
    strict = inferred.read_text().replace('"south"', '"west"')
    (workspace / "strict.pbtxt").write_text(strict)
    serving = workspace / "out" / "serving" / "tiny"
    pushed = sorted(serving.iterdir())

    output = reviewlens("run", "config.yaml", "data.schema=strict.pbtxt", cwd=workspace, expect=1)

    assert "south" in output
    assert "data.allow_anomalies" in output
    assert sorted(serving.iterdir()) == pushed


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_the_compiled_tasks_push_the_model_that_the_run_here_pushes(
    workspace, first_run, object_store, run_compiled, fetch_pushed
):
    from reviewlens.serving import LocalModel

    path = str(workspace / "reviews.csv")
    object_store.client.upload_file(path, "reviews", "data/reviews.csv")

    launcher = run_compiled(
        workspace,
        "data.input=minio://reviews/elsewhere.csv",
        input="minio://reviews/data/reviews.csv",
        forked=False,
    )

    pushed = launcher.artifacts["pusher", "pushed_model"]["metadata"]
    version = pushed["pushed_version"]
    assert pushed["pushed_destination"] == f"s3://reviews/serving/{version}"
    fetched = fetch_pushed(version, workspace / "fetched")
    texts = ["great and wonderful", "poor", "", "It broke, and nobody answers."]
    expected = LocalModel(first_run[1]["pushed_to"]).predict(texts)
    answers = LocalModel(str(fetched)).predict(texts)
    assert [answer.label for answer in answers] == [answer.label for answer in expected]
    for answer, wanted in zip(answers, expected, strict=True):
        assert answer.probabilities == pytest.approx(wanted.probabilities, abs=1e-5)

    # Nothing was lost on the way, and the model was judged as here.
    data = launcher.artifacts["review-example-gen", "examples"]["metadata"]
    assert {key: data[key] for key in ("read", "kept", "duplicates", "rejected")} == {
        key: first_run[1]["data"][key] for key in ("read", "kept", "duplicates", "rejected")
    }
    evaluation = workspace / "pods/evaluator/minio/reviews/artifacts/run/evaluator/evaluation"
    metrics = json.loads((evaluation / "metrics.json").read_text())
    assert metrics["test"]["macro_f1"] == pytest.approx(
        first_run[1]["metrics"]["test"]["macro_f1"], abs=1e-6
    )
    gain = metrics["ngram_baseline"]["gain"]["macro_f1"]
    assert gain == pytest.approx(
        first_run[1]["metrics"]["ngram_baseline"]["gain"]["macro_f1"], abs=1e-6
    )
    assert metrics["baseline"] is None
