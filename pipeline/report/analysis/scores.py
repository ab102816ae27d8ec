"""How good the answers to each text are, in numbers that can be added up, whatever the task."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

import numpy as np

from ....components.tasks.spans import entity_rows
from ....models.tasks.question_answering.metrics import exact_match, f1_score
from ....models.tasks.token_classification.metrics import shared_entities


def entities_of_texts(found: Iterable[str], there: Iterable[str], types: int) -> np.ndarray:
    """Counts the entities of each text by type.

    Args:
        found: Those that a model finds, as the feature `spans` has them; [n].
        there: Those that there are, [n].
        types: How many types there are.

    Returns:
        int64 [n, types, 3]: how many were found and are right, were found, and are there.

    Example:
        >>> entities_of_texts(["0:4:0"], ["0:4:0 7:9:1"], 2).tolist()
        [[[1, 1, 1], [0, 0, 1]]]
    """
    lines, true_lines = list(found), list(there)
    predicted, true = entity_rows(lines), entity_rows(true_lines)
    cells = len(lines) * types
    counts = [
        np.bincount(rows[:, 0] * types + rows[:, 3], minlength=cells)
        for rows in (shared_entities(predicted, true), predicted, true)
    ]
    return np.stack(counts, axis=1).reshape(len(lines), types, 3)


def scores_of_answers(answers: Mapping[str, np.ndarray], truth: np.ndarray) -> np.ndarray:
    """How good the answers to questions are.

    Args:
        answers: Of a model, the column `answer`.
        truth: What is right of each, JSON of a list of texts; [n].

    Returns:
        F1 and exact match of each, float64 [n, 2].
    """
    scores = [
        (f1_score(answer, right), exact_match(answer, right))
        for answer, right in zip(answers["answer"], map(json.loads, truth), strict=True)
    ]
    return np.array(scores, np.float64).reshape(-1, 2)
