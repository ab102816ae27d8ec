"""The summary of a run, and what a person reads of it."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from ml_metadata.proto import metadata_store_pb2 as mlmd

from reviewlens.errors import RunError
from reviewlens.pipeline.records import NodeRecord
from reviewlens.pipeline.report.summary import make_summary, write_summary
from reviewlens.pipeline.report.table import render_report

PER_CLASS = {
    "negative": {"precision": 0.5, "recall": 0.25, "f1": 1 / 3, "support": 4},
    "positive": {"precision": None, "recall": 1.0, "f1": None, "support": 1200},
}
TEST = {"accuracy": 0.8, "macro_f1": 0.7, "ece": 0.01, "per_class": PER_CLASS, "slices": {}}
TRAINING = {
    "seconds": 12.5,
    "epochs": 2,
    "steps": 80,
    "examples_per_second": 41.0,
    "best_epoch": 1,
    "precision": "float32",
    "history": [{"loss": 1.0}],
}
EXPORT = {"temperature": 1.1, "ece_before": 0.05, "ece_after": 0.01, "eval": {"macro_f1": 0.7}}


def record(state=mlmd.Execution.COMPLETE, **outputs):
    """An execution whose outputs have the given uri and properties."""
    artifacts = {}
    for key, (uri, properties) in outputs.items():
        artifact = mlmd.Artifact(uri=str(uri))
        for name, value in properties.items():
            field = "int_value" if isinstance(value, int) else "string_value"
            setattr(artifact.custom_properties[name], field, value)
        artifacts[key] = [artifact]
    return NodeRecord(mlmd.Execution(last_known_state=state), artifacts)


@pytest.fixture
def nodes(tmp_path):
    """What the nodes of a blessed and pushed run have recorded."""
    (tmp_path / "metrics.json").write_text(json.dumps({"test": TEST, "baseline": None}))
    (tmp_path / "training.json").write_text(json.dumps(TRAINING))
    (tmp_path / "export.json").write_text(json.dumps(EXPORT))
    counts = {"read": 1300, "kept": 1290, "duplicates": 3, "rejected": 7}
    splits = {"train": 80, "eval": 6, "test": 1204}
    reasons = {"reason:no-text": 5, "reason:contradictory": 2}
    merged = {"merged:texts": 2, "merged:rows": 3, "merged:ties": 1}
    encoder = {"name": "minilm-l6", "source": "package", "sha256": "ab", "parameters": 22}
    return {
        "review-example-gen": record(examples=("x", counts | splits | reasons | merged)),
        "encoder-fetcher": record(mlmd.Execution.CACHED, model=("x", encoder)),
        "trainer": record(model_run=(tmp_path, {})),
        "exporter": record(model=(tmp_path, {})),
        "evaluator": record(evaluation=(tmp_path, {}), blessing=("x", {"blessed": 1})),
        "serving-validator": record(blessing=("x", {"blessed": 1, "reason": ""})),
        "pusher": record(pushed_model=("x", {"pushed": 1, "pushed_destination": "out/a b/7"})),
    }


def seconds(nodes):
    return dict.fromkeys(nodes, 1.5)


def report(nodes):
    summary = make_summary(nodes, seconds(nodes))
    return render_report(summary, "out")


def test_every_fact_comes_from_its_node(nodes):
    summary = make_summary(nodes, seconds(nodes))
    assert summary["data"] == {
        "read": 1300,
        "kept": 1290,
        "duplicates": 3,
        "rejected": 7,
        "merged": {"texts": 2, "rows": 3, "ties": 1},
        "rejected_because": {"contradictory": 2, "no-text": 5},
        "splits": {"train": 80, "eval": 6, "test": 1204},
    }
    assert summary["metrics"] == {"test": TEST, "baseline": None, "ngram_baseline": None}
    assert list(summary["training"]) == [
        *("epochs", "steps", "examples_per_second", "seconds", "best_epoch"),
        *("precision", "temperature", "ece_before", "ece_after"),
    ]
    assert summary["encoder"]["parameters"] == 22
    assert summary["cached"] == ["encoder-fetcher"]
    assert summary["timings"] == seconds(nodes)
    assert summary["blessed"] is True
    assert summary["pushed_to"] == "out/a b/7"
    assert summary["versions"]["tfx"]


def test_a_split_with_few_reviews_is_warned_of(nodes):
    told = report(nodes)
    (line,) = [line for line in told.splitlines() if line.startswith("warning  the split")]
    assert line == (
        "warning  the split eval has 6 examples: few to choose and calibrate a model by; bring "
        "more rows, or give it more in data.splits"
    )


@pytest.mark.parametrize("alone", [1, 0])
def test_the_training_of_n_grams_is_told_where_it_is_the_only_one(nodes, tmp_path, alone):
    del nodes["trainer"], nodes["encoder-fetcher"], nodes["exporter"]
    nodes["ngram-trainer"] = record(model_run=(tmp_path, {}))
    nodes["ngram-trainer"].execution.custom_properties["alone"].int_value = alone
    summary = make_summary(nodes, seconds(nodes))
    assert summary["encoder"] is None
    if alone:
        assert summary["training"]["steps"] == 80 and "history" not in summary["training"]
    else:
        assert summary["training"] is None


def test_the_keys_are_the_same_whatever_ran(nodes):
    whole, nothing = make_summary(nodes, seconds(nodes)), make_summary({}, {})
    assert list(whole) == list(nothing)
    assert nothing["data"] is nothing["training"] is nothing["blessed"] is None
    assert nothing["metrics"] == {"test": None, "baseline": None, "ngram_baseline": None}


def test_a_refused_model_is_told_with_its_reasons(nodes):
    why = "macro_f1 is 0.41, below evaluation.min_macro_f1=0.5"
    nodes["evaluator"].outputs["blessing"] = record(
        blessing=("x", {"blessed": 0, "reason": why})
    ).outputs["blessing"]
    nodes["pusher"] = record(pushed_model=("x", {"pushed": 0, "reason": why}))
    summary = make_summary(nodes, seconds(nodes))
    assert summary["blessed"] is False
    assert summary["refused_because"] == [why]
    assert summary["pushed_to"] is None
    text = report(nodes)
    assert f"not blessed, so not pushed:\n  {why}" in text
    assert "reviewlens predict" not in text


def test_the_report_tells_counts_metrics_and_the_next_command(nodes):
    text = report(nodes)
    assert "read 1,300 = kept 1,290 + duplicates 3 + rejected 7" in text
    assert "train 80, eval 6, test 1,204" in text
    told = (
        "merged   3 of the duplicates into 2 texts of several classes, 1 of them without a majority"
    )
    assert told in text
    assert "no-text 5, contradictory 2" in text
    assert "macro-F1 0.700, accuracy 0.800, ECE 0.010" in text
    rows = [line.split() for line in text.splitlines()]
    assert ["negative", "0.500", "0.250", "0.333", "4"] in rows
    assert ["positive", "-", "1.000", "-", "1,200"] in rows
    assert "reviewlens predict --model 'out/a b/7' \"" in text


def test_the_report_compares_the_model_with_others(nodes, tmp_path):
    sentence = "The encoder is ahead of the n-grams by 0.060 macro-F1 (0.030 to 0.090): keep it."
    ngrams = {**TEST, "macro_f1": 0.64, "gain": {}, "sentence": sentence}
    former = {**TEST, "macro_f1": 0.71, "gain": {}, "sentence": "Against the last one: worse."}
    metrics = {"test": TEST, "baseline": former, "ngram_baseline": ngrams}
    (tmp_path / "metrics.json").write_text(json.dumps(metrics))

    lines = report(nodes).splitlines()

    assert make_summary(nodes, seconds(nodes))["metrics"] == metrics
    start = lines.index("test     macro-F1 0.700, accuracy 0.800, ECE 0.010")
    assert lines[start + 1 : start + 7] == [
        "n-grams  macro-F1 0.640, accuracy 0.800, ECE 0.010",
        "baseline macro-F1 0.710, accuracy 0.800, ECE 0.010",
        "",
        sentence,
        "Against the last one: worse.",
        "",
    ]


@pytest.mark.parametrize(("cut", "warned"), [(0.1, False), (0.47, True)])
def test_the_report_tells_what_is_not_read(nodes, tmp_path, cut, warned):
    reading = {"max_tokens": 128, "truncation": "head", "auto": 256}
    reading |= {"reviews_cut": cut, "tokens_unread": 0.2}
    (tmp_path / "training.json").write_text(json.dumps({**TRAINING, "reading": reading}))
    assert make_summary(nodes, seconds(nodes))["training"]["reading"] == reading
    text = report(nodes)
    told = (
        f"reads    128 tokens of a review (head); {cut:.1%} are longer, 20.0% of all tokens unread"
    )
    assert told in text
    assert ("warning  47% of the reviews are longer than the 128 tokens" in text) == warned


@pytest.mark.parametrize("evaluated", [True, False])
def test_the_report_of_entities_tells_of_windows_of_cut_ones_and_of_types(
    nodes, tmp_path, evaluated
):
    task = "token-classification"
    reading = {"max_tokens": 128, "stride": 63, "auto": 128, "reviews_in_windows": 0.25}
    training = {**TRAINING, "reading": reading, "counted": {"entities": 1500, "cut_entities": 3}}
    (tmp_path / "training.json").write_text(json.dumps(training))
    (tmp_path / "trained.json").write_text(json.dumps({"task": task}))
    nodes["trainer"] = record(model_run=(tmp_path, {}), trained_model=(tmp_path, {}))
    test = {"f1": 0.7, "precision": 0.75, "recall": 0.65, "macro_f1": 0.5, "ece": None}
    test |= {"per_class": {"food": {"precision": 0.5, "recall": 0.25, "f1": 1 / 3, "support": 4}}}
    baseline = {**test, "sentence": "Against the last one: better."}
    metrics = {"task": task, "test": test, "baseline": baseline}
    (tmp_path / "metrics.json").write_text(json.dumps(metrics))
    if not evaluated:
        del nodes["evaluator"]

    summary, text = make_summary(nodes, seconds(nodes)), report(nodes)

    assert summary["task"] == task
    assert summary["training"]["counted"] == training["counted"]
    assert "128 tokens at once; 25.0% are longer and read in windows, 63 tokens apart" in text
    assert "entities 1,500 to learn from; 3 (0.2%) begin or end inside a piece of a word" in text
    lines = text.splitlines()
    if evaluated:
        start = lines.index(
            "test     F1 0.700, precision 0.750, recall 0.650, macro-F1 0.500, ECE -"
        )
        assert lines[start + 1].startswith("baseline F1 0.700, ")
        assert lines[start + 3] == "Against the last one: better."
        assert lines[start + 6].split() == ["food", "0.500", "0.250", "0.333", "4"]
    assert "reviewlens predict --model 'out/a b/7' \"The pasta" in text


@pytest.mark.parametrize("unanswerable", [0, 10])
def test_the_report_of_questions_tells_those_with_an_answer_from_the_others(
    nodes, tmp_path, unanswerable
):
    task = "question-answering"
    training = {**TRAINING, "reading": {"max_tokens": 256, "stride": 95, "reviews_in_windows": 0.1}}
    training["counted"] = {"answered": 900, "right_answers": 1200, "cut_answers": 6}
    (tmp_path / "training.json").write_text(json.dumps(training))
    answered = {"examples": 1190, "f1": 0.75, "exact": 0.625}
    none = {"examples": unanswerable, "f1": None, "exact": None}
    test = {**answered, "ece": 0.03, "has_answer": answered, "no_answer": none, "slices": {}}
    test["examples"] += unanswerable
    metrics = {"task": task, "test": test, "baseline": None}
    (tmp_path / "metrics.json").write_text(json.dumps(metrics))

    lines = report(nodes).splitlines()

    told = "answers  1,200 to 900 questions to learn from; 6 (0.5%) begin or end inside a piece"
    assert told in "\n".join(lines)
    start = lines.index("test     F1 0.750, exact match 0.625, ECE 0.030")
    silence = ["silence  F1 0.008, if no question were given an answer"] if unanswerable else []
    without = ["without one         -      -       10"] if unanswerable else []
    assert lines[start + 1 : lines.index("blessed  pushed to out/a b/7")] == [
        *silence,
        "",
        "questions          f1  exact  support",
        "with an answer  0.750  0.625    1,190",
        *without,
        "",
    ]
    command = 'reviewlens predict --model \'out/a b/7\' --question "How long did they wait?" "Great'
    assert any(command in line for line in lines)


def test_the_report_of_a_partial_run_tells_what_there_is(nodes):
    text = report({"review-example-gen": nodes["review-example-gen"]})
    assert "read 1,300" in text
    assert "macro-F1" not in text
    assert "blessed" not in text


@pytest.mark.parametrize(
    ("mode", "used", "after", "told"),
    [
        (
            "auto",
            True,
            0.449,
            "kept: n-grams beside the encoder take the log loss of the eval split",
        ),
        ("auto", False, 0.484, "left out: n-grams beside the encoder would take the log loss"),
        ("on", True, 0.484, "model.wide is on: n-grams beside the encoder take the log loss"),
    ],
)
def test_the_report_tells_whether_n_grams_answer_as_well(nodes, tmp_path, mode, used, after, told):
    wide = {"mode": mode, "used": used, "weight": 0.4, "share": 0.3, "standard_error": 0.006}
    wide |= {"log_loss_before": 0.485, "log_loss_after": after}
    (tmp_path / "export.json").write_text(json.dumps({**EXPORT, "wide": wide}))
    assert make_summary(nodes, seconds(nodes))["training"]["wide"] == wide
    text = " ".join(report(nodes).split())
    assert f"wide {told}" in text and f"from 0.485 to {after}" in text


def test_a_run_that_ends_with_the_trainer_tells_of_the_training(nodes):
    del nodes["exporter"]
    training = make_summary(nodes, seconds(nodes))["training"]
    assert training == {k: v for k, v in TRAINING.items() if k != "history"}


def test_a_summary_is_written_whole_or_not_at_all(nodes, tmp_path):
    path = tmp_path / "summary.json"
    write_summary(make_summary(nodes, seconds(nodes)), str(path))
    former = path.read_text()
    assert json.loads(former)["encoder"]["name"] == "minilm-l6"
    with pytest.raises(TypeError):
        write_summary({"data": object()}, str(path))
    assert path.read_text() == former
    assert not list(tmp_path.glob("*.unfinished"))


def test_whoever_prints_a_report_does_not_load_tensorflow():
    # What that says while it is loaded would be printed before the run has begun.
    program = (
        "import sys, reviewlens.pipeline.report.table, reviewlens.pipeline.report.lines\n"
        "assert 'tensorflow' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_folder_that_is_not_there_is_told(tmp_path):
    with pytest.raises(RunError, match="no/summary.json: cannot be written: No such file"):
        write_summary({}, str(tmp_path / "no" / "summary.json"))
