"""Figures with their intervals, and beside those of other models."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from ...analysis.estimates import Estimate
from ..blocks import Block, Cell, Group, Paragraph, Table, Tone, of_summary

TEST = "metrics.test"
NAMES = {
    "macro_f1": "macro-F1",
    "accuracy": "accuracy",
    "f1": "F1",
    "exact": "exact match",
    "precision": "precision",
    "recall": "recall",
    "ece": "calibration error",
    "log_loss": "log loss",
}
_OTHERS = {"ngram_baseline": "n-grams", "baseline": "last blessed"}
_LOWER_IS_BETTER = ("ece", "log_loss")


def estimated(
    summary: Mapping[str, Any], key: str, estimate: Estimate | None, tone: Tone = ""
) -> Cell:
    """A figure of `summary.json` with the interval that the predictions give it.

    Args:
        summary: Of the run.
        key: Of the figure, see `of_summary`.
        estimate: Its interval, and the figure itself where the summary has none; None where it is
            undefined.
        tone: See `Cell`.
    """
    cell = of_summary(summary, key, ".3f", tone)
    if estimate is None:
        return cell
    value = cell.text if cell.value is not None else f"{estimate.value:.3f}"
    text = f"{value} ({estimate.low:.3f}\N{EN DASH}{estimate.high:.3f})"
    return dataclasses.replace(cell, text=text)


def counted(summary: Mapping[str, Any], key: str, count: int) -> Cell:
    """A count of `summary.json`, or that of the predictions where the summary has none.

    Args:
        summary: Of the run.
        key: Of the count.
        count: By the predictions.
    """
    cell = of_summary(summary, key, ",")
    return cell if cell.value is not None else Cell(f"{count:,}")


def overall(summary: Mapping[str, Any], estimates: Mapping[str, Estimate]) -> Table:
    """The figures of the model, and those of the models that it is compared with beside them.

    Args:
        summary: Of the run.
        estimates: By the name of a figure its interval.
    """
    others = [key for key in _OTHERS if summary["metrics"].get(key)]
    rows = tuple(
        (
            Cell(NAMES[name]),
            estimated(summary, f"{TEST}.{name}", estimate),
            *(of_summary(summary, f"metrics.{other}.{name}", ".3f") for other in others),
        )
        for name, estimate in estimates.items()
    )
    return Table(("figure", "model", *(_OTHERS[other] for other in others)), rows)


def against_others(summary: Mapping[str, Any]) -> list[Block]:
    """What the model brings over others, judged text by text; empty where there are no others.

    Args:
        summary: Of the run.
    """
    sentences, rows = [], []
    for other, name in _OTHERS.items():
        found = summary["metrics"].get(other) or {}
        if "sentence" in found:
            sentences.append(Paragraph(found["sentence"]))
        for figure, gain in found.get("gain", {}).items():
            worse = (gain["high"] < 0, gain["low"] > 0)
            if figure in _LOWER_IS_BETTER:
                worse = worse[::-1]
            tone: Tone = "bad" if worse[0] else "good" if worse[1] else ""
            key = f"metrics.{other}.gain.{figure}"
            cells = [
                of_summary(summary, f"{key}.{part}", "+.3f", tone if part == "value" else "")
                for part in ("value", "low", "high")
            ]
            rows.append((Cell(name), Cell(NAMES.get(figure, figure)), *cells))
    if not rows:
        return []
    table = Table(
        ("against", "figure", "difference", "from", "to"),
        tuple(rows),
        "The model's figure minus the other's, and the interval that holds the true difference in "
        "95 of 100 cases",
    )
    return [Group("Against other models", (*sentences, table))]
