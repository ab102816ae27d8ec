"""How the figures of a model that finds entities are printed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..figures import headline, table

EXAMPLE = ("The pasta was great, but we waited an hour for the bill.",)
_SHOWN = {
    "F1": "f1",
    "precision": "precision",
    "recall": "recall",
    "macro-F1": "macro_f1",
    "ECE": "ece",
}


def lines(test: Mapping[str, Any], baseline: Mapping[str, Any] | None) -> list[str]:
    """A line for each model, a sentence on the last blessed one, and a table of the types.

    Args:
        test: Metrics of the model on the test split.
        baseline: Those of the last blessed one, if there is one.
    """
    told = [headline("test", test, _SHOWN)]
    if baseline:
        told.append(headline("baseline", baseline, _SHOWN))
        told += ["", baseline["sentence"]] if "sentence" in baseline else []
    return [*told, "", *table("type", test["per_class"])]


def counted(counts: Mapping[str, int]) -> list[str]:
    """A line on the entities that no sequence of pieces is.

    Args:
        counts: `entities` of the splits train and eval, and `cut_entities` among them.
    """
    entities, cut = counts["entities"], counts["cut_entities"]
    share = cut / max(entities, 1)
    return [
        f"entities {entities:,} to learn from; {cut:,} ({share:.1%}) begin or end inside a piece "
        "of a word, which is taken whole"
    ]
