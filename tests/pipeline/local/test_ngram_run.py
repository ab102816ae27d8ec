"""A run without an encoder: from a file of fastText to a pushed model, and what runs again."""

from __future__ import annotations

import contextlib
import json
import re
import socket
import sys
from pathlib import Path

import pytest

from reviewlens.errors import UsageError
from reviewlens.pipeline import load_config, run
from reviewlens.pipeline.cli import main
from reviewlens.pipeline.local.tracking import track
from reviewlens.serving import LocalModel
from reviewlens.serving.server.server import Server
from reviewlens.serving.server.settings import ServerSettings

WORDS = {"good": "fits well and looks great", "bad": "came broken and fell apart"}


@pytest.fixture(scope="module")
def workspace(tmp_path_factory, reviews):
    """A folder with 300 labelled lines and their configuration."""
    folder = tmp_path_factory.mktemp("ngrams")
    labels = list(WORDS) * 150
    lines = [
        f"__label__{label} {' '.join(text.split())} {WORDS[label]}\n"
        for label, text in zip(labels, reviews[:300], strict=True)
    ]
    lines.append("__label__good __label__bad both\n")
    (folder / "reviews.txt").write_text("".join(lines), encoding="utf-8")
    config = {
        "name": "tiny",
        "output": str(folder / "out"),
        "data": {
            "input": str(folder / "reviews.txt"),
            **{"format": "fasttext", "text": "text", "label": "label"},
            "classes": {"bad": None, "good": None},
        },
        "model": {"algorithm": "ngrams"},
        "ngrams": {"buckets": 4096},
        "tracking": {"mlflow": str(folder / "mlflow")},
    }
    (folder / "config.yaml").write_text(json.dumps(config))
    return folder


@pytest.fixture(scope="module")
def first(workspace):
    """The result of the whole run."""
    return run(load_config(str(workspace / "config.yaml")))


def test_it_trains_judges_and_pushes_a_model_of_n_grams(first):
    assert set(first.states.values()) == {"done"}
    assert list(first.states) == list(first.summary["timings"])
    assert not {"encoder-fetcher", "trainer"} & set(first.states)
    summary = first.summary
    assert summary["data"]["rejected_because"] == {"several-labels": 1}
    assert summary["encoder"] is None
    assert summary["training"]["epochs"] >= 1 and summary["training"]["seconds"] > 0
    assert summary["training"]["temperature"] > 0
    assert summary["metrics"]["test"]["accuracy"] > 0.9
    assert summary["blessed"] and summary["serving_validated"]
    model = LocalModel(summary["pushed_to"])
    texts = ["It came broken.", "Looks great, fits well.", ""]
    labels = [prediction.label for prediction in model.predict(texts)]
    assert labels[:2] == ["bad", "good"]
    assert not Path(summary["pushed_to"], "assets", "vocab.txt").exists()
    facts = json.loads(Path(summary["pushed_to"], "assets.extra", "model.json").read_text())
    assert facts["columns"] == {"text": ["text"]}
    card = Path(summary["pushed_to"], "model_card.md").read_text(encoding="utf-8")
    assert f"| accuracy | {summary['metrics']['test']['accuracy']:.4f} |" in card
    assert "reviews.txt" in card and "It knows: bad, good." in card


def test_mlflow_is_told_of_the_run(workspace, first):
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=str(workspace / "mlflow"))
    runs = client.search_runs([client.get_experiment_by_name("tiny").experiment_id])
    run = next(run for run in runs if run.info.run_name == first.run_id)
    assert run.info.status == "FINISHED"
    assert run.data.params["ngrams.buckets"] == "4096"
    assert run.data.metrics["test.accuracy"] == first.summary["metrics"]["test"]["accuracy"]
    epochs = {key for key in run.data.metrics if key.startswith("epoch.")}
    steps = [seen.step for seen in client.get_metric_history(run.info.run_id, min(epochs))]
    assert steps == list(range(1, len(steps) + 1))
    assert run.data.tags["pushed_to"] == first.summary["pushed_to"]
    files = {file.path for file in client.list_artifacts(run.info.run_id)}
    assert files == {"summary.json", "report.html", "model"}
    model = {file.path for file in client.list_artifacts(run.info.run_id, "model")}
    assert {"model/saved_model.pb", "model/model_card.md"} <= model


def test_an_mlflow_that_cannot_be_told_costs_a_line(workspace, first):
    told = []
    (workspace / "taken").write_text("")
    track(str(workspace / "taken"), str(workspace / "out"), first.summary, told.append)
    assert len(told) == 1 and told[0].startswith("tracking.mlflow: this run is not tracked")


def test_without_mlflow_a_line_says_what_to_install(workspace, first, monkeypatch):
    told = []
    monkeypatch.setitem(sys.modules, "mlflow", None)
    track(str(workspace / "mlflow"), str(workspace / "out"), first.summary, told.append)
    assert len(told) == 1 and "`pip install 'reviewlens[tracking]'`" in told[0]


@pytest.mark.slow
def test_an_mlflow_that_does_not_answer_holds_no_run(workspace, first):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    told = []
    track(f"http://127.0.0.1:{port}", str(workspace / "out"), first.summary, told.append)
    assert len(told) == 1 and str(port) in told[0]


def test_a_served_model_is_judged_as_it_is_on_disk(workspace, first, tmp_path, capsys):
    rows = [f"{WORDS[label]},{label}\n" for label in WORDS] + ["fell apart,good\n"]
    (tmp_path / "new.csv").write_text("text,label\n" + "".join(rows))
    with contextlib.ExitStack() as stack:
        free = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(2)]
        grpc, rest = (each.getsockname()[1] for each in free)
    base = Path(first.summary["pushed_to"]).parent
    settings = ServerSettings(
        port=grpc, rest_api_port=rest, model_name="tiny", model_base_path=str(base)
    )

    told = []
    with Server(settings):
        for words in (
            [str(base)],
            ["--server", f"127.0.0.1:{rest}"],
            ["--server", f"127.0.0.1:{grpc}", "--model_name", "tiny", "--grpc"],
        ):
            assert main(["evaluate", *words, str(tmp_path / "new.csv")]) == 0
            lines = capsys.readouterr().out.splitlines()
            told.append([line for line in lines if not line.startswith("learnt")])
    assert told[0][0] == "rows     read 3 = kept 3 + rejected 0"
    assert "accuracy 0.667" in "\n".join(told[0])
    assert told[0] == told[1] == told[2]


def test_another_setting_of_n_grams_trains_anew_and_reads_nothing_anew(workspace, first):
    config = load_config(str(workspace / "config.yaml"), ["ngrams.words=1"])
    again = run(config, to_node="evaluator")

    ran = {node for node, state in again.states.items() if state == "done"}
    assert ran == {"ngram-trainer", "exporter", "latest-blessed", "evaluator"}
    assert again.states["transform"] == "cached"


def test_both_runs_are_listed_and_compared(workspace, first, capsys):
    assert main(["runs", str(workspace)]) == 0
    listed = capsys.readouterr().out.splitlines()[1:]
    assert [line.split()[-1] for line in listed] == ["ngrams.words=2", "ngrams.words=1"]
    assert all(f"{workspace}/out@" in line and " 300 " in line for line in listed)

    one = f"{workspace}/out@{first.run_id}"
    assert main(["runs", "compare", one, str(workspace / "out")]) == 0
    told = capsys.readouterr().out
    tested = first.summary["data"]["splits"]["test"]
    assert re.search(r"\nngrams.words +2 +1 *\n", told)
    assert f"{first.summary['metrics']['test']['accuracy']:.4f}" in told
    assert f"both were tested with {tested} examples, of {tested} of A and {tested} of B" in told
    assert "McNemar's test gives p = " in told and "macro_f1: B - A is " in told


def test_a_node_that_only_an_encoder_needs_is_told(workspace):
    with pytest.raises(UsageError, match="--from trainer: this run has no such node, as model.alg"):
        run(load_config(str(workspace / "config.yaml")), from_node="trainer")
