"""Figures of systems that answer questions, over several seeds, each with an interval.

They are those of SQuAD 2.0's own script, as TensorFlow's Model Garden has it; where every question
has an answer, its rules are those of SQuAD 1.1. Intervals are those of `judging.py`, questions
taking the place of rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from judging import DRAWS, Figures
from official.nlp.tools import squad_evaluate_v2_0 as squad

METRICS = {"f1": "F1", "exact": "exact match"}


def judge_answers(
    truth: Sequence[Sequence[str]], systems: Mapping[str, Sequence[Sequence[str]]]
) -> dict[str, dict[str, Figures]]:
    """Measures systems on the same questions.

    Args:
        truth: The right answers to each question; none where it has no answer.
        systems: For each what it answered: for each seed, to each question, "" for no answer.

    Returns:
        For each system and metric its figures.
    """
    random = np.random.default_rng(0)
    drawn = random.multinomial(len(truth), np.full(len(truth), 1 / len(truth)), size=DRAWS)
    judged = {}
    for name, seeds in systems.items():
        scores = np.array([_scores(truth, answers) for answers in seeds])
        judged[name] = {
            metric: Figures(scores[:, at].mean(1), drawn @ scores[:, at].T / len(truth))
            for at, metric in enumerate(METRICS)
        }
    return judged


def _scores(truth: Sequence[Sequence[str]], answers: Sequence[str]) -> np.ndarray:
    """Each metric of each question, [metrics, questions]."""
    scores = []
    for right, answer in zip(truth, answers, strict=True):
        question = {"id": "", "answers": [{"text": text} for text in right]}
        found = squad.evaluate([{"paragraphs": [{"qas": [question]}]}], {"": answer})
        scores.append([found[metric] / 100 for metric in METRICS])
    return np.array(scores).T
