"""How good answers are: the official measures of SQuAD."""

from __future__ import annotations

import collections
import re
import string
from collections.abc import Sequence

_WITHOUT_PUNCTUATION = str.maketrans("", "", string.punctuation)
_ARTICLE = re.compile(r"\b(a|an|the)\b")


def normalized(text: str) -> str:
    """What of an answer counts: not its case, ASCII's punctuation, articles or white space.

    Args:
        text: An answer.

    Example:
        >>> normalized(" The best, by far!")
        'best by far'
    """
    return " ".join(_ARTICLE.sub(" ", text.lower().translate(_WITHOUT_PUNCTUATION)).split())


def exact_match(answer: str, right: Sequence[str]) -> float:
    """Whether an answer is one of those that are right, 1 or 0.

    Args:
        answer: What was given, empty for none.
        right: See `f1_score`.
    """
    return float(any(normalized(answer) == normalized(one) for one in _that_say_something(right)))


def f1_score(answer: str, right: Sequence[str]) -> float:
    """How many words an answer shares with the one of those that are right that is most like it.

    These are the measures of SQuAD 2.0 (Rajpurkar et al., ACL 2018). Those of SQuAD 1.1 are the
    same but for texts of which nothing counts, such as "the": 2.0 takes a right answer of that
    kind for none, and finds two of them to be equal; 1.1 has an F1 of 0 of them.

    Args:
        answer: What was given, empty for none.
        right: The answers that would be right; none where there is none to be given.

    Returns:
        The harmonic mean of the shares of words, the greatest one; 1 where no answer is right
        and none was given.

    Example:
        >>> round(f1_score("the big blue shirt", ["blue shirt", "a dress"]), 3)
        0.8
    """
    return max(
        _f1(normalized(answer).split(), normalized(one).split())
        for one in _that_say_something(right)
    )


def _that_say_something(right: Sequence[str]) -> Sequence[str]:
    return [one for one in right if normalized(one)] or [""]


def _f1(answer: list[str], right: list[str]) -> float:
    if not answer or not right:
        return float(answer == right)
    shared = sum((collections.Counter(answer) & collections.Counter(right)).values())
    # With precision shared / answer and recall shared / right.
    return 2 * shared / (len(answer) + len(right))
