"""How good a model finds entities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ...analysis.entities import TypeFigures, figures_of_entities, reliability_of_entities
from ...analysis.estimates import Estimate
from ...analysis.scores import entities_of_texts
from ..blocks import Block, Cell, Group, Table
from .figures import TEST, against_others, counted, estimated, overall
from .reliability import reliability_diagram


class EntityResults:
    """What a model finds in the test split, at least one text.

    Args:
        labels: Names of the types.
        truth: Entities that there are, [n] of the feature `spans`.
        said: Its answers, `spans` and `scores`.
    """

    def __init__(self, labels: Sequence[str], truth: np.ndarray, said: Mapping[str, np.ndarray]):
        self._labels = labels
        self._counts = entities_of_texts(said["spans"], truth, len(labels))
        self._reliability = reliability_of_entities(said["spans"], said["scores"], truth)

    def blocks(self, summary: Mapping[str, Any]) -> list[Block]:
        """Tells its figures.

        Args:
            summary: Of the run.
        """
        total, types = figures_of_entities(self._counts)
        estimates = _estimates(total)
        if self._reliability:
            estimates["ece"] = self._reliability.ece
        rows = []
        for label, of in zip(self._labels, types, strict=True):
            key = f"{TEST}.per_class.{label}"
            cells = [
                estimated(summary, f"{key}.{name}", each) for name, each in _estimates(of).items()
            ]
            rows.append((Cell(label), *cells, counted(summary, f"{key}.support", of.support)))
        table = Table(("type", "F1", "precision", "recall", "entities"), tuple(rows))
        blocks = [overall(summary, estimates), *against_others(summary), Group("By type", (table,))]
        if self._reliability:
            blocks.append(reliability_diagram(self._reliability, "an entity"))
        return blocks

    def scores(self, rows: np.ndarray) -> dict[str, Estimate]:
        """The figures by which slices are told apart, of some of the texts.

        Args:
            rows: Their places.
        """
        return _estimates(figures_of_entities(self._counts[rows])[0])


def _estimates(of: TypeFigures) -> dict[str, Estimate]:
    return {"f1": of.f1, "precision": of.precision, "recall": of.recall}
