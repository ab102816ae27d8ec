"""What each node contributes to `summary.json`, from what it has recorded.

A fact is taken from the artifact of its node, so that it is there as well if the node was cached.
Each function takes the record of a node and gives keys of the summary with values.
"""

from __future__ import annotations

import json
import os
from typing import Any

from ...components.review_example_gen.accounting import KINDS
from ...components.review_example_gen.settings import SPLITS
from ...serving.tasks.predictions import FIRST_TASK
from ..records import NodeRecord, properties_of

_REASON = "reason:"
_MERGED = "merged:"
_TRAINING = ("epochs", "steps", "examples_per_second", "seconds", "best_epoch")
_SEGMENTS = (
    *("segments", "fill", "pieces", "sentences", "tokens", "longest"),
    *("pairs", "random", "paired", "single"),
)
# What of the records of training and export is too long for a summary.
_LONG = ("history", "eval", "learning_rates")

Contribution = dict[str, Any]


def data(node: NodeRecord) -> Contribution:
    """Returns what `review-example-gen` read and what became of it."""
    facts = _properties(node, "examples")
    if facts is None:
        return {}
    reasons = {
        key.removeprefix(_REASON): int(count)
        for key, count in sorted(facts.items())
        if key.startswith(_REASON)
    }
    counts = {key: int(facts[key]) for key in ("read", "kept", "duplicates", "rejected")}
    merged = {key: int(facts.get(f"{_MERGED}{key}", 0)) for key in ("texts", "rows", "ties")}
    splits = {split: int(facts[split]) for split in SPLITS}
    told = {"merged": merged, "rejected_because": reasons, "splits": splits}
    # Those of an earlier version did not tell, and may come from the cache.
    kinds = {"kinds": json.loads(str(facts[KINDS]))} if KINDS in facts else {}
    return {"data": {**counts, **told, **kinds}}


def encoder(node: NodeRecord) -> Contribution:
    """Returns which encoder `encoder-fetcher` fetched."""
    facts = _properties(node, "model")
    if facts is None:
        return {}
    return {"encoder": {key: facts.get(key) for key in ("name", "source", "sha256", "parameters")}}


def segments(node: NodeRecord) -> Contribution:
    """Returns what the texts of a pre-training were packed into."""
    facts = _properties(node, "segments")
    if facts is None:
        return {}
    return {"segments": {key: facts[key] for key in _SEGMENTS}}


def training(node: NodeRecord) -> Contribution:
    """Returns how the training of `trainer` went."""
    facts = _json_file(node, "model_run", "training.json")
    if facts is None:
        return {}
    trained = _json_file(node, "trained_model", "trained.json") or {}
    return {
        "training": {key: facts.get(key) for key in _TRAINING} | _short(facts),
        **_told(trained.get("task", FIRST_TASK)),
    }


def ngram_training(node: NodeRecord) -> Contribution:
    """Returns how the training of `ngram-trainer` went, where the run has no other."""
    alone = node.execution.custom_properties["alone"].int_value
    return training(node) if alone else {}


def export(node: NodeRecord) -> Contribution:
    """Returns what `exporter` made of the trained weights."""
    facts = _json_file(node, "model", "export.json")
    return {} if facts is None else {"training": _short(facts)}


def evaluation(node: NodeRecord) -> Contribution:
    """Returns the metrics of `evaluator` and its verdict."""
    metrics = _json_file(node, "evaluation", "metrics.json") or {}
    task = metrics.get("task", FIRST_TASK)
    return {
        "metrics": {key: metrics.get(key) for key in ("test", "baseline", "ngram_baseline")},
        **_verdict(node, "blessed"),
        **_told(task),
    }


def encoder_evaluation(node: NodeRecord) -> Contribution:
    """Returns the figures of `encoder-evaluator`, with those of the start, and its verdict."""
    metrics = _json_file(node, "evaluation", "metrics.json") or {}
    return {
        "metrics": {key: metrics.get(key) for key in ("test", "start")},
        **_verdict(node, "blessed"),
    }


def validation(node: NodeRecord) -> Contribution:
    """Returns the verdict of `serving-validator`."""
    return _verdict(node, "serving_validated")


def push(node: NodeRecord) -> Contribution:
    """Returns where `pusher` has put the model, if anywhere."""
    facts = _properties(node, "pushed_model") or {}
    return {"pushed_to": facts.get("pushed_destination") or None}


def _told(task: str) -> Contribution:
    """The name of a task; the summaries of the first one have never told."""
    return {} if task == FIRST_TASK else {"task": task}


def _verdict(node: NodeRecord, key: str) -> Contribution:
    facts = _properties(node, "blessing")
    if facts is None:
        return {}
    reasons = [str(facts["reason"])] if facts.get("reason") else []
    return {key: facts.get("blessed") == 1, "refused_because": reasons}


def _short(facts: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in facts.items() if key not in _LONG}


def _properties(node: NodeRecord, output: str) -> dict[str, Any] | None:
    return properties_of(node.outputs[output][0]) if output in node.outputs else None


def _json_file(node: NodeRecord, output: str, name: str) -> dict[str, Any] | None:
    if output not in node.outputs:
        return None
    with open(os.path.join(node.outputs[output][0].uri, name), encoding="utf-8") as file:
        return json.load(file)
