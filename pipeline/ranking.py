"""The best answers to one question, of as many reviews as there are."""

from __future__ import annotations

import dataclasses
import heapq
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..serving.tasks.question_answering.answers import Answer

# Characters of a review on either side of its answer.
_AROUND = 100


@dataclasses.dataclass(frozen=True)
class Ranked:
    """One of the best answers.

    Attributes:
        review: Which of the reviews it is in, from 1 on.
        answer: As the model gave it.
        excerpt: What stands around it, in one line, the answer marked.
    """

    review: int
    answer: Answer
    excerpt: str


class Ranking:
    """Keeps the answers that are most likely right, and counts the others.

    Args:
        top: How many it keeps, whatever comes.

    Attributes:
        asked: How many reviews there were.
        answered: How many of them have an answer.

    Example:
        >>> ranking = Ranking(10)
        >>> ranking.add("Broke after two days.", Answer("two days", 12, 20, 0.93))
        >>> [ranked.excerpt for ranked in ranking.best()]
        ['Broke after [two days].']
    """

    def __init__(self, top: int):
        self.asked = self.answered = 0
        self._top = top
        # The one to go next is the first; of two that are as likely the later one.
        self._kept: list[tuple[float, int, Ranked]] = []

    def add(self, text: str, answer: Answer) -> None:
        """Takes the next review.

        Args:
            text: The review.
            answer: What the model says of it; empty where it has no answer.
        """
        self.asked += 1
        if not answer.text:
            return
        self.answered += 1
        key = (answer.score, -self.asked)
        if len(self._kept) == self._top and key < self._kept[0][:2]:
            return
        heapq.heappush(self._kept, (*key, Ranked(self.asked, answer, _excerpt(text, answer))))
        if len(self._kept) > self._top:
            heapq.heappop(self._kept)

    def best(self) -> list[Ranked]:
        """Those that were kept, the most likely one first."""
        return [ranked for *_, ranked in sorted(self._kept, reverse=True)]


def _excerpt(text: str, answer: Answer) -> str:
    first = max(answer.start - _AROUND, 0)
    last = answer.end + _AROUND
    moved = dataclasses.replace(answer, start=answer.start - first, end=answer.end - first)
    words = moved.shown(text[first:last]).split()
    return f"{'…' if first else ''}{' '.join(words)}{'…' if last < len(text) else ''}"
