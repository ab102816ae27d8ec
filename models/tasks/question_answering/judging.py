"""How good answers are as tokens: those that are given and those that there are."""

from __future__ import annotations

import numpy as np

from ...arrays import rows_of
from ..base import Texts
from .decision import ReadPairs
from .targets import ANSWERED, ANSWERS, MOST_ANSWERS, NONE, NOWHERE


def read_pairs(texts: Texts) -> ReadPairs:
    """What a model has read of texts in memory.

    Args:
        texts: As `prepare` gives them.
    """
    rows = len(texts)
    parts = np.arange(rows) if texts.parts is None else texts.parts
    own = np.ones(len(texts.tokens), bool) if texts.own is None else texts.own
    count = int(parts[-1]) + 1 if rows else 0
    return ReadPairs(parts, own, texts.targets[ANSWERS] != NOWHERE, count)


class Truth:
    """The answers that there are to questions.

    Args:
        texts: As `prepare` gives them.

    Attributes:
        answered: Whether each text has an answer, bool [texts].
    """

    def __init__(self, texts: Texts):
        read = read_pairs(texts)
        self._answers = np.where(read.context, texts.targets[ANSWERS], 0)
        self._before = np.concatenate([[0], np.cumsum(read.context)])
        self._own = rows_of(texts.row_splits)[read.own], self._answers[read.own]
        self._parts, self._texts = read.parts, read.texts
        first_rows = np.searchsorted(read.parts, np.arange(read.texts))
        self.answered = texts.targets[ANSWERED][first_rows] != NONE

    def judge(self, first: np.ndarray, last: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Compares one answer of each text with those that there are.

        Args:
            first: Its first token, counted over the tokens of all windows, int64 [texts].
            last: Its last token, in the same window.

        Returns:
            The best F1 of the tokens that it shares with one of them, float64 [texts], and
            whether it is one of them, bool [texts]; 0 and False where there is none.
        """
        f1, exact = np.zeros(self._texts), np.zeros(self._texts, bool)
        if not self._texts:
            return f1, exact
        given = self._before[last + 1] - self._before[first]
        rows, own = self._own
        there = np.bitwise_or.reduce(own, initial=0)
        for answer in range(MOST_ANSWERS):
            bit = 1 << answer
            if not there & bit:
                continue
            right = np.bincount(self._parts[rows], weights=(own & bit) > 0, minlength=self._texts)
            of_answer = np.concatenate([[0], np.cumsum((self._answers & bit) > 0)])
            shared = of_answer[last + 1] - of_answer[first]
            f1 = np.maximum(f1, 2 * shared / np.maximum(given + right, 1))
            exact |= (shared == given) & (shared == right) & (right > 0)
        return f1, exact
