"""How good the model is, with intervals: overall, beside others, by class and by slice."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ...analysis.answers import CANDIDATE, CLASSES, ENTITIES, PredictionsFile
from ...analysis.estimates import Estimate
from ...analysis.slicing import rows_of_values
from ..blocks import Block, Cell, Group, Paragraph, Section, Table
from ..facts import RunFacts
from .answer_results import AnswerResults
from .class_results import ClassResults
from .entity_results import EntityResults
from .figures import NAMES, TEST, counted, estimated
from .predictions import predictions_of

_Scores = Callable[[np.ndarray], dict[str, Estimate]]


def results(facts: RunFacts) -> Section | None:
    """Shows the figures of the test split; None of a run without predictions.

    Args:
        facts: Of the run.
    """
    file = predictions_of(facts)
    if file is None:
        return None
    answered = file.read(models=[CANDIDATE])
    if not len(answered):
        return None
    truth, said = answered.truth, answered.of[CANDIDATE]
    found: ClassResults | EntityResults | AnswerResults
    if file.task == CLASSES:
        found = ClassResults(file.labels, truth, said)
    elif file.task == ENTITIES:
        found = EntityResults(file.labels, truth, said)
    else:
        found = AnswerResults(truth, said)
    told = Paragraph(
        f"Of {len(answered):,} examples of the test split, which nothing was learnt from. In "
        "brackets stands the interval that holds the true figure in 95 of 100 cases: by other "
        "examples the model could have got any figure in there.",
        "quiet",
    )
    slices = _slices(facts.summary, file, answered.rows, found.scores)
    return Section("results", "Results", (told, *found.blocks(facts.summary), *slices))


def _slices(
    summary: Mapping[str, Any], file: PredictionsFile, rows: np.ndarray, scores: _Scores
) -> list[Block]:
    """A table for each slice column; what is surely worse than the whole is marked."""
    if not file.slices:
        return []
    whole = scores(np.arange(len(rows)))
    groups: list[Block] = []
    for name in file.slices:
        found, left_out = rows_of_values(file.slice_values(name, rows))
        table = []
        for value, of in found:
            key = f"{TEST}.slices.{name}={value}"
            cells = [
                estimated(
                    summary,
                    f"{key}.{figure}",
                    estimate,
                    "bad" if estimate.high < whole[figure].value else "",
                )
                for figure, estimate in scores(of).items()
            ]
            count = counted(summary, f"{key}.examples", len(of))
            table.append((Cell(value or "(none)"), *cells, count))
        columns = (name, *(NAMES[figure] for figure in whole), "examples")
        blocks: list[Block] = [Table(columns, tuple(table))]
        if left_out:
            blocks.append(Paragraph(f"{left_out:,} values with fewer are not shown.", "quiet"))
        groups.append(Group(f"By {name}", tuple(blocks)))
    return groups
