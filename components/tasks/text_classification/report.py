"""How the figures of a classifier are printed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def lines(
    test: Mapping[str, Any],
    baseline: Mapping[str, Any] | None,
    ngrams: Mapping[str, Any] | None = None,
) -> list[str]:
    """A line for each model, a sentence on each that the first is compared with, and a table.

    Args:
        test: Metrics of the model on the test split.
        baseline: Those of the last blessed one, if there is one.
        ngrams: Those of the n-gram classifier, if there is one.
    """
    others = {"n-grams": ngrams, "baseline": baseline}
    models = {"test": test} | {name: facts for name, facts in others.items() if facts}
    told = [_headline(name, facts) for name, facts in models.items()]
    sentences = [facts["sentence"] for facts in models.values() if "sentence" in facts]
    if sentences:
        told += ["", *sentences]
    width = max(len("class"), *map(len, test["per_class"]))
    told += ["", f"{'class':{width}}  precision  recall     f1  support"]
    for name, facts in test["per_class"].items():
        precision, recall, f1 = (_share(facts[key]) for key in ("precision", "recall", "f1"))
        told.append(f"{name:{width}}  {precision:>9}  {recall:>6}  {f1:>5}  {facts['support']:7,}")
    return told


def _headline(name: str, metrics: Mapping[str, Any]) -> str:
    return (
        f"{name:8} macro-F1 {_share(metrics['macro_f1'])}, "
        f"accuracy {_share(metrics['accuracy'])}, ECE {_share(metrics['ece'])}"
    )


def _share(value: float | None) -> str:
    """Three digits; a dash for what is undefined, such as the recall of a class without rows."""
    return "-" if value is None else f"{value:.3f}"
