"""Where the sections find what the models have said."""

from __future__ import annotations

from ...analysis.answers import PredictionsFile, UnknownTask
from ..facts import RunFacts


def predictions_of(facts: RunFacts) -> PredictionsFile | None:
    """The predictions of a run; None if it has none, or those of a task that is not known here.

    Args:
        facts: Of the run; its node `evaluator` leaves `predictions.parquet`.
    """
    path = facts.predictions
    if path is None:
        return None
    try:
        return PredictionsFile(path)
    except UnknownTask:
        return None
