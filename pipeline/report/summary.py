"""`summary.json`: what came out of a run, for other programs."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
from collections.abc import Mapping
from typing import Any

from ... import __version__
from ...components.review_example_gen.settings import SPLITS
from ...files.whole_file import whole_file
from ..records import NodeRecord, properties_of

_REASON = "reason:"
_TRAINING = ("epochs", "steps", "examples_per_second", "seconds", "best_epoch")
_JUDGES = ("evaluator", "serving-validator")
_PACKAGES = ("tensorflow", "keras", "tensorflow-text", "tfx", "apache-beam")


def make_summary(nodes: Mapping[str, NodeRecord], seconds: Mapping[str, float]) -> dict[str, Any]:
    """Collects the facts of a run from what its nodes have recorded.

    A fact is taken from the artifact of its node, so that it is there as well if the
    node was cached. A part whose node did not run is None.

    Args:
        nodes: Node id -> its execution.
        seconds: Node id -> how long it took.

    Returns:
        JSON values; the keys are always the same and in the same order.
    """
    metrics = _json_file(nodes, "evaluator", "evaluation", "metrics.json")
    pushed = _properties(nodes, "pusher", "pushed_model")
    return {
        "data": _data(nodes),
        "metrics": {
            "test": (metrics or {}).get("test"),
            "baseline": (metrics or {}).get("baseline"),
        },
        "training": _training(nodes),
        "timings": dict(seconds),
        "cached": [node for node in seconds if nodes[node].cached],
        "encoder": _encoder(nodes),
        "blessed": _blessed(nodes, "evaluator"),
        "serving_validated": _blessed(nodes, "serving-validator"),
        "refused_because": _refusals(nodes),
        "pushed_to": (pushed or {}).get("pushed_destination") or None,
        "versions": _versions(),
    }


def write_summary(summary: Mapping[str, Any], path: str) -> None:
    """Writes a summary, whole or not at all.

    Args:
        summary: As `make_summary` gives it.
        path: Of the file.

    Raises:
        RunError: If it cannot be written.
    """
    with whole_file(path) as file:
        json.dump(summary, file, indent=2, ensure_ascii=False)
        file.write("\n")


def _data(nodes: Mapping[str, NodeRecord]) -> dict[str, Any] | None:
    facts = _properties(nodes, "review-example-gen", "examples")
    if facts is None:
        return None
    reasons = {
        key.removeprefix(_REASON): int(count)
        for key, count in sorted(facts.items())
        if key.startswith(_REASON)
    }
    counts = {key: int(facts[key]) for key in ("read", "kept", "duplicates", "rejected")}
    return counts | {
        "rejected_because": reasons,
        "splits": {split: int(facts[split]) for split in SPLITS},
    }


def _training(nodes: Mapping[str, NodeRecord]) -> dict[str, Any] | None:
    facts = _json_file(nodes, "trainer", "model_run", "training.json")
    if facts is None:
        return None
    others = {
        key: value for key, value in facts.items() if key not in (*_TRAINING, "history", "eval")
    }
    return {key: facts.get(key) for key in _TRAINING} | others


def _encoder(nodes: Mapping[str, NodeRecord]) -> dict[str, Any] | None:
    facts = _properties(nodes, "encoder-fetcher", "model")
    if facts is None:
        return None
    return {key: facts.get(key) for key in ("name", "source", "sha256", "parameters")}


def _blessed(nodes: Mapping[str, NodeRecord], node: str) -> bool | None:
    facts = _properties(nodes, node, "blessing")
    if facts is None:
        return None
    return facts.get("blessed") == 1


def _refusals(nodes: Mapping[str, NodeRecord]) -> list[str]:
    """Why a model was not pushed, as the nodes that judged it say."""
    facts = [_properties(nodes, node, "blessing") or {} for node in _JUDGES]
    return [str(fact["reason"]) for fact in facts if fact.get("reason")]


def _properties(nodes: Mapping[str, NodeRecord], node: str, key: str) -> dict[str, Any] | None:
    if node not in nodes or key not in nodes[node].outputs:
        return None
    return properties_of(nodes[node].outputs[key][0])


def _json_file(
    nodes: Mapping[str, NodeRecord], node: str, key: str, name: str
) -> dict[str, Any] | None:
    if node not in nodes or key not in nodes[node].outputs:
        return None
    with open(os.path.join(nodes[node].outputs[key][0].uri, name), encoding="utf-8") as file:
        return json.load(file)


def _versions() -> dict[str, str]:
    installed = {package: importlib.metadata.version(package) for package in _PACKAGES}
    return {"reviewlens": __version__, "python": platform.python_version()} | installed
