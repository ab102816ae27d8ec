"""A run, as its page is made from it, without the run."""

from __future__ import annotations

import json

import pytest

from reviewlens.pipeline.report.html.facts import RunFacts


@pytest.fixture(scope="session")
def finding() -> dict:
    """What a rule has found."""
    return {
        "rule": "exploding_tensor",
        "step": 12,
        "epoch": 1,
        "subject": "head/kernel",
        "message": "is not finite",
        "advice": "lower training.learning_rate",
        "action": "warn",
    }


@pytest.fixture(scope="session")
def summary_of():
    """Gives the summary of a run, but for what is said otherwise."""

    def make(**changed) -> dict:
        return {
            "data": {
                "read": 1003,
                "kept": 1000,
                "splits": {"train": 800, "eval": 100, "test": 100},
            },
            "metrics": {
                "test": {"macro_f1": 0.7281, "accuracy": 0.81, "per_class": {"a.b": {"f1": 0.7}}},
                "baseline": None,
                "ngram_baseline": {"macro_f1": 0.7, "gain": {"macro_f1": {"value": 0.0281}}},
            },
            "training": {
                "epochs": 2,
                "steps": 50,
                "examples_per_second": 194.2,
                "seconds": 48.0,
                "best_epoch": 2,
                "precision": "bfloat16",
                "export": {
                    "precision": "bfloat16",
                    "reason": "2 times as fast",
                    "candidates": {
                        "float32": {"reviews_per_second": 240.3},
                        "bfloat16": {"reviews_per_second": 491.3, "agreement": 0.9997},
                    },
                },
                "wide": {
                    "mode": "auto",
                    "used": True,
                    "log_loss_before": 0.63,
                    "log_loss_after": 0.22,
                    "standard_error": 0.04,
                },
                "temperature": 1.2,
                "ece_before": 0.17,
                "ece_after": 0.08,
            },
            "timings": {"trainer": 75.2, "evaluator": 3.1, "pusher": 0.1},
            "memory": {"trainer": 2345, "evaluator": 812},
            "cached": ["evaluator"],
            "encoder": {"name": "minilm-l6", "sha256": "95", "parameters": 22713216},
            "blessed": True,
            "serving_validated": True,
            "refused_because": [],
            "pushed_to": "out/serving/demo/1",
            "versions": {"python": "3.11.7"},
            "run": {"id": "r1", "started": "2026-11-28T09:12:33+00:00", "seconds": 213.4},
            "config": {"name": "demo", "evaluation": {"min_macro_f1": 0.5, "min_gain": 0.0}},
        } | changed

    return make


@pytest.fixture(scope="session")
def facts_of():
    """Gives the facts of a run by its summary, with a training of two epochs in a folder."""

    def make(folder, summary, **record) -> RunFacts:
        history = [{"loss": 1.2, "macro_f1": 0.5}, {"loss": 0.9, "macro_f1": None}]
        (folder / "training.json").write_text(json.dumps({"history": history} | record))
        return RunFacts(str(folder), summary, {"trainer": {"model_run": str(folder)}})

    return make
