"""What a person reads of a pre-training, from what its nodes have recorded."""

from __future__ import annotations

import json

import pytest
from ml_metadata.proto import metadata_store_pb2 as mlmd

from reviewlens.pipeline.graphs import PRETRAINING
from reviewlens.pipeline.records import NodeRecord
from reviewlens.pipeline.report.summary import make_summary
from reviewlens.pipeline.report.table import render_report

TEXTS = {
    **{"read": 1300, "kept": 1290, "duplicates": 3, "rejected": 7},
    **{"train": 1264, "eval": 13, "test": 13, "reason:no-text": 7},
}
SEGMENTS = {
    **{"segments": 412, "fill": 0.9734, "pieces": 50000, "sentences": 4100, "tokens": 51332},
    **{"longest": 300, "pairs": 300, "random": 150, "paired": 0.728, "single": 0.25},
}
TRAINING = {
    **{"epochs": 2, "steps": 80, "examples_per_second": 41.0, "seconds": 12.5, "best_epoch": 1},
    **{"tokens_per_second": 5123.4, "precision": "float32"},
    **{"heads": {"mlm": "loaded", "nsp": "fresh"}, "history": [{"loss": 1.0}]},
}
FIGURES = {"mlm_accuracy": 0.41, "perplexity": 21.3, "nsp_accuracy": 0.8}
SENTENCE = "Perplexity is 0.8 times that at the start; the encoder at the start had its own head."
START = {"name": "minilm-l6", "mlm_accuracy": 0.35, "perplexity": None, "sentence": SENTENCE}


def record(**outputs):
    """An execution whose outputs have the given uri and properties."""
    artifacts = {}
    for key, (uri, properties) in outputs.items():
        artifact = mlmd.Artifact(uri=str(uri))
        for name, value in properties.items():
            kind = {int: "int_value", float: "double_value"}.get(type(value), "string_value")
            setattr(artifact.custom_properties[name], kind, value)
        artifacts[key] = [artifact]
    return NodeRecord(mlmd.Execution(last_known_state=mlmd.Execution.COMPLETE), artifacts)


@pytest.fixture
def nodes(tmp_path):
    """What the nodes of a run that pushed an encoder have recorded."""
    metrics = {"task": "masked-language-model", "test": FIGURES | {"segments": 9}, "start": START}
    (tmp_path / "metrics.json").write_text(json.dumps(metrics))
    (tmp_path / "training.json").write_text(json.dumps(TRAINING))
    (tmp_path / "trained.json").write_text(json.dumps({"task": "masked-language-model"}))
    return {
        "text-example-gen": record(examples=("x", TEXTS)),
        "encoder-fetcher": record(model=("x", {"name": "minilm-l6", "parameters": 22})),
        "transform": record(segments=("x", SEGMENTS)),
        "pretrainer": record(model_run=(tmp_path, {}), trained_model=(tmp_path, {})),
        "encoder-evaluator": record(
            evaluation=(tmp_path, {}), blessing=("x", {"blessed": 1, "reason": ""})
        ),
        "encoder-pusher": record(
            pushed_model=("x", {"pushed": 1, "pushed_destination": "/runs/a b/encoder/mine/3"})
        ),
    }


def summary_of(nodes):
    return make_summary(nodes, dict.fromkeys(nodes, 1.0), PRETRAINING.nodes)


def test_the_summary_has_the_keys_of_the_other_graph_and_its_own(nodes):
    summary = summary_of(nodes)

    assert list(make_summary({}, {}, PRETRAINING.nodes)) == list(make_summary({}, {}))
    assert summary["data"]["splits"] == {"train": 1264, "eval": 13, "test": 13}
    assert summary["segments"]["fill"] == 0.9734
    assert summary["training"]["tokens_per_second"] == 5123.4
    assert summary["metrics"]["test"]["perplexity"] == 21.3
    assert summary["metrics"]["start"] == START
    assert summary["task"] == "masked-language-model"
    assert summary["blessed"] is True and summary["serving_validated"] is None


def test_the_report_says_what_was_read_learnt_gained_and_how_to_go_on(nodes):
    assert render_report(summary_of(nodes), "out", PRETRAINING).splitlines() == [
        "",
        "texts    read 1,300 = kept 1,290 + duplicates 3 + rejected 7",
        "splits   train 1,264, eval 13, test 13",
        "rejected no-text 7",
        "",
        "segments 412, 97.3% full, of 50,000 word pieces in 4,100 sentences",
        "pairs    72.8% of the segments, 150 of 300 with a second part from elsewhere; 25.0% of "
        "the texts have one sentence only",
        "",
        "training 2 epochs, the best after 1, 80 steps in 12 s, 5,123 tokens/s; head of mlm came "
        "with the encoder, head of nsp started at random",
        "",
        "judged   by 9 segments that nothing was learnt from",
        "perplexity               no number before, 21.30 after",
        "hidden pieces right      35.0% before, 41.0% after",
        "pairs told right         no number before, 80.0% after",
        SENTENCE,
        "",
        "blessed  pushed to /runs/a b/encoder/mine/3",
        "",
        "summary  out/summary.json",
        "report   out/report.html",
        "",
        "Try it:",
        "  reviewlens run my-reviews.yaml 'encoder=/runs/a b/encoder/mine'",
    ]


def test_a_part_of_a_run_tells_what_it_did(nodes):
    first = {node: nodes[node] for node in ("text-example-gen", "encoder-fetcher")}
    last = {node: nodes[node] for node in ("pretrainer", "encoder-evaluator")}

    assert "segments" not in render_report(summary_of(first), "out", PRETRAINING)
    assert "texts" not in render_report(summary_of(last), "out", PRETRAINING)
