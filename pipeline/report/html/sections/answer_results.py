"""How good a model answers questions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ...analysis.calibration import reliability_of
from ...analysis.estimates import Estimate
from ...analysis.questions import figures_of_answers, has_answer
from ...analysis.scores import scores_of_answers
from ..blocks import Block, Cell, Group, Table
from .figures import TEST, against_others, counted, estimated, overall
from .reliability import reliability_diagram


class AnswerResults:
    """What a model answers to the questions of the test split, at least one.

    Args:
        truth: What is right, [n] of the feature `answers`.
        said: Its answers, `answer` and `score`.
    """

    def __init__(self, truth: np.ndarray, said: Mapping[str, np.ndarray]):
        self._scores = scores_of_answers(said, truth)
        self._answered = has_answer(truth)
        self._sure = said["score"]

    def blocks(self, summary: Mapping[str, Any]) -> list[Block]:
        """Tells its figures.

        Args:
            summary: Of the run.
        """
        reliability = reliability_of(self._sure, self._scores[:, 1] == 1)
        assert reliability is not None
        kinds = {
            "with an answer": ("has_answer", self._scores[self._answered]),
            "without one": ("no_answer", self._scores[~self._answered]),
        }
        rows = []
        for name, (kind, scores) in kinds.items():
            if figures := figures_of_answers(scores):
                key = f"{TEST}.{kind}"
                rows.append(
                    (
                        Cell(name),
                        estimated(summary, f"{key}.f1", figures.f1),
                        estimated(summary, f"{key}.exact", figures.exact),
                        counted(summary, f"{key}.examples", figures.examples),
                    )
                )
        table = Table(("questions", "F1", "exact match", "number"), tuple(rows))
        every = self.scores(np.arange(len(self._scores)))
        return [
            overall(summary, {**every, "ece": reliability.ece}),
            *against_others(summary),
            Group("With and without an answer", (table,)),
            reliability_diagram(reliability, "an answer"),
        ]

    def scores(self, rows: np.ndarray) -> dict[str, Estimate]:
        """The figures by which slices are told apart, of some of the questions.

        Args:
            rows: Their places, at least one.
        """
        figures = figures_of_answers(self._scores[rows])
        assert figures is not None
        return {"f1": figures.f1, "exact": figures.exact}
