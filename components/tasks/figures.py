"""Figures of a model as lines for a person, the same for every task that has such."""

from __future__ import annotations

from collections.abc import Mapping
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


def table(title: str, per_class: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """A line for each class with its precision, recall, F1 and support, below a header.

    Args:
        title: What the classes are called.
        per_class: By name of a class its figures.
    """
    width = max(len(title), *map(len, per_class))
    told = [f"{title:{width}}  precision  recall     f1  support"]
    for name, facts in per_class.items():
        precision, recall, f1 = (_share(facts[key]) for key in ("precision", "recall", "f1"))
        told.append(f"{name:{width}}  {precision:>9}  {recall:>6}  {f1:>5}  {facts['support']:7,}")
    return told


def _share(value: float | None) -> str:
    """Three digits; a dash for what is undefined, such as the recall of a class without rows."""
    return "-" if value is None else f"{value:.3f}"
