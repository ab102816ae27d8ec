"""Figures of a model as lines for a person, the same for every task that has such."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def headline(name: str, figures: Mapping[str, Any], shown: Mapping[str, str]) -> str:
    """One line on a model.

    Args:
        name: What the model is called.
        figures: By name, such as `macro_f1`; None for what is undefined.
        shown: In words, such as "macro-F1" -> name of a figure, in the order wanted.

    Example:
        >>> headline("test", {"f1": 0.71, "ece": 0.02}, {"F1": "f1", "ECE": "ece"})
        'test     F1 0.710, ECE 0.020'
    """
    told = ", ".join(f"{words} {_share(figures[key])}" for words, key in shown.items())
    return f"{name:8} {told}"


def table(
    title: str,
    rows: Mapping[str, Mapping[str, Any]],
    shown: Sequence[str] = ("precision", "recall", "f1"),
    count: str = "support",
) -> list[str]:
    """A line for each class, or of whatever else figures are told apart, below a header.

    Args:
        title: What the rows are.
        rows: By name of a row its figures.
        shown: Names of the figures, in the order wanted.
        count: Name of the number of examples that they are of.

    Example:
        >>> table("class", {"good": {"f1": 0.5, "support": 1200}}, ["f1"])
        ['class     f1  support', 'good   0.500    1,200']
    """
    width = max(len(title), *map(len, rows))
    widths = [max(5, len(name)) for name in shown]
    names = [f"{name:>{wide}}" for name, wide in zip(shown, widths, strict=True)]
    told = ["  ".join([f"{title:{width}}", *names, "support"])]
    for name, facts in rows.items():
        found = [f"{_share(facts[key]):>{wide}}" for key, wide in zip(shown, widths, strict=True)]
        told.append("  ".join([f"{name:{width}}", *found, f"{facts[count]:7,}"]))
    return told


def _share(value: float | None) -> str:
    """Three digits; a dash for what is undefined, such as the recall of a class without rows."""
    return "-" if value is None else f"{value:.3f}"
