"""How the figures of a model that answers questions are printed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..figures import headline, table

EXAMPLE = ("--question", "How long did they wait?", "Great pasta, but we waited an hour for it.")
_SHOWN = {"F1": "f1", "exact match": "exact", "ECE": "ece"}
_KINDS = {"with an answer": "has_answer", "without one": "no_answer"}


def lines(test: Mapping[str, Any], baseline: Mapping[str, Any] | None) -> list[str]:
    """A line for each model, a sentence on the last blessed one, and a table of the questions.

    Where some questions have no answer, another line says what it would be worth to give none to
    any: a model that has learnt nothing else may look good by that.

    Args:
        test: Metrics of the model on the test split.
        baseline: Those of the last blessed one, if there is one.
    """
    told = [headline("test", test, _SHOWN)]
    if unanswerable := test["no_answer"]["examples"]:
        share = unanswerable / test["examples"]
        told.append(f"{'silence':8} F1 {share:.3f}, if no question were given an answer")
    if baseline:
        told.append(headline("baseline", baseline, _SHOWN))
        told += ["", baseline["sentence"]] if "sentence" in baseline else []
    rows = {name: test[kind] for name, kind in _KINDS.items() if test[kind]["examples"]}
    return [*told, "", *table("questions", rows, ("f1", "exact"), "examples")]


def counted(counts: Mapping[str, int]) -> list[str]:
    """A line on the answers that no sequence of pieces is.

    Args:
        counts: Of the splits train and eval: how many questions are `answered`, by how many
            `right_answers`, and the `cut_answers` among those.
    """
    answers, cut = counts["right_answers"], counts["cut_answers"]
    share = cut / max(answers, 1)
    return [
        f"answers  {answers:,} to {counts['answered']:,} questions to learn from; {cut:,} "
        f"({share:.1%}) begin or end inside a piece of a word, which is taken whole"
    ]
