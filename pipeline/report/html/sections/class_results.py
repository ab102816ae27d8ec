"""How good a classifier is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...analysis.calibration import log_loss_of, reliability_of
from ...analysis.classes import Curve, Figures, figures_of, precision_recall
from ...analysis.estimates import Estimate
from ..blocks import Block, Cell, Figure, Group, Table
from ..plots import Line, heat_map, lines
from .figures import TEST, against_others, counted, estimated, overall
from .reliability import reliability_diagram

# More curves than this cannot be told apart, and the fields of more classes not be read.
_MOST_CURVES, _MOST_CLASSES = 6, 40
_MOST_CONFUSIONS = 12


class ClassResults:
    """What a classifier says of the test split, at least one text.

    Args:
        labels: Names of the classes.
        truth: True class indices, int [n].
        said: Its answers, `decided` and `probabilities`.
    """

    def __init__(self, labels: Sequence[str], truth: np.ndarray, said: Mapping[str, np.ndarray]):
        self._labels = labels
        self._truth = truth
        self._decided = said["decided"]
        self._probabilities = said["probabilities"]

    def blocks(self, summary: Mapping[str, Any]) -> list[Block]:
        """Tells its figures.

        Args:
            summary: Of the run.
        """
        truth, probabilities = self._truth, self._probabilities
        figures = figures_of(truth, self._decided, len(self._labels))
        right = probabilities.argmax(axis=1) == truth
        reliability = reliability_of(probabilities.max(axis=1), right)
        assert reliability is not None
        curves = [
            precision_recall(probabilities[:, index], truth == index)
            for index in range(len(self._labels))
        ]
        table = overall(
            summary,
            {
                "macro_f1": figures.macro_f1,
                "accuracy": figures.accuracy,
                "ece": reliability.ece,
                "log_loss": log_loss_of(probabilities, truth),
            },
        )
        return [
            table,
            *against_others(summary),
            _by_class(summary, self._labels, figures, curves),
            _confusion(self._labels, figures.confusion),
            reliability_diagram(reliability, "the most probable class"),
            *_curves(self._labels, figures, curves),
        ]

    def scores(self, rows: np.ndarray) -> dict[str, Estimate]:
        """The figures by which slices are told apart, of some of the texts.

        Args:
            rows: Their places.
        """
        figures = figures_of(self._truth[rows], self._decided[rows], len(self._labels))
        return {"macro_f1": figures.macro_f1, "accuracy": figures.accuracy}


def _by_class(
    summary: Mapping[str, Any],
    labels: Sequence[str],
    figures: Figures,
    curves: Sequence[Curve | None],
) -> Group:
    rows = []
    for label, of, curve in zip(labels, figures.classes, curves, strict=True):
        key = f"{TEST}.per_class.{label}"
        rows.append(
            (
                Cell(label),
                estimated(summary, f"{key}.precision", of.precision),
                estimated(summary, f"{key}.recall", of.recall),
                estimated(summary, f"{key}.f1", of.f1),
                Cell(f"{curve.average_precision:.3f}" if curve else "–"),
                counted(summary, f"{key}.support", of.support),
            )
        )
    columns = ("class", "precision", "recall", "F1", "average precision", "texts")
    return Group("By class", (Table(columns, tuple(rows)),))


def _confusion(labels: Sequence[str], confusion: np.ndarray) -> Group:
    """The confusion matrix, and of many classes in words what is confused most."""
    apart = confusion.copy()
    np.fill_diagonal(apart, 0)
    order = np.argsort(-apart, axis=None, kind="stable")[:_MOST_CONFUSIONS]
    told = [
        (labels[label], labels[taken], f"{apart[label, taken]:,}")
        for label, taken in zip(*np.unravel_index(order, apart.shape), strict=True)
        if apart[label, taken]
    ]
    blocks: list[Block] = []
    if len(labels) <= _MOST_CLASSES:
        most = [f"{count} texts of {label} taken for {to}" for label, to, count in told[:5]]
        blocks.append(
            Figure(
                heat_map(confusion, labels, "label", "model"),
                "How many texts of each class (row) were taken for each class (column), and which "
                "share of the row that is.",
                f"Confusion matrix: {'; '.join(most) or 'no text was taken for another class'}.",
            )
        )
    # Beside a small matrix it would say the same twice.
    if len(labels) > _MOST_CURVES:
        table = Table(("label", "taken for", "texts"), tuple(told), "What is confused most")
        blocks.append(table)
    return Group("What is taken for what", tuple(blocks))


def _curves(labels: Sequence[str], figures: Figures, curves: Sequence[Curve | None]) -> list[Block]:
    """Precision and recall of the classes with most texts."""
    order = sorted(range(len(labels)), key=lambda index: -figures.classes[index].support)
    chosen = sorted(order[:_MOST_CURVES])
    found = {labels[index]: curve for index in chosen if (curve := curves[index])}
    told = "; ".join(f"{label} {curve.average_precision:.3f}" for label, curve in found.items())
    of_most = f" of the {_MOST_CURVES} classes with most texts" if len(order) > _MOST_CURVES else ""
    svg = lines(
        {
            label: Line(curve.recall.tolist(), curve.precision.tolist())
            for label, curve in found.items()
        },
        "recall",
        "precision",
        limits=(0.0, 1.0),
    )
    caption = f"Precision for each recall{of_most}, whatever probability of it is asked for."
    figure = Figure(svg, caption, f"Average precision: {told}.")
    return [Group("Precision and recall", (figure,))]
