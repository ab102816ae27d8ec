"""How the figures of a classifier are printed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..figures import headline, table

_SHOWN = {"macro-F1": "macro_f1", "accuracy": "accuracy", "ECE": "ece"}


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
    told = [headline(name, facts, _SHOWN) for name, facts in models.items()]
    sentences = [facts["sentence"] for facts in models.values() if "sentence" in facts]
    if sentences:
        told += ["", *sentences]
    return [*told, "", *table("class", test["per_class"])]
