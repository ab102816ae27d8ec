"""How good a model answers questions: overall, and those with and without an answer."""

from __future__ import annotations

import dataclasses
import json

import numpy as np

from .estimates import Estimate, of_sums, share


@dataclasses.dataclass(frozen=True)
class AnswerFigures:
    """Figures of the answers to some questions.

    Attributes:
        f1: The mean share of words that answers have in common with right ones.
        exact: How many answers are right.
        examples: How many questions there are.
    """

    f1: Estimate
    exact: Estimate
    examples: int


def figures_of_answers(scores: np.ndarray) -> AnswerFigures | None:
    """Computes the figures of SQuAD, with the uncertainty of the questions; None of no questions.

    Args:
        scores: As `scores.scores_of_answers` gives them, [n, 2].
    """
    exact = share(float((scores[:, 1] == 1).sum()), len(scores))
    if exact is None:
        return None
    (f1,) = of_sums(
        np.stack([scores[:, 0], np.ones(len(scores))], axis=1), lambda of: of[:, :1] / of[:, 1:]
    )
    return AnswerFigures(f1, exact, len(scores))


def has_answer(truth: np.ndarray) -> np.ndarray:
    """Whether questions have an answer, bool [n].

    Args:
        truth: What is right of each, JSON of a list of texts; [n].
    """
    return np.array([bool(json.loads(line)) for line in truth], bool)
