"""The answers to a question as files have them: a text, or JSON in a few layouts."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

# Each is looked for in the whole text.
MOST_ANSWERS = 1000


class Written(NamedTuple):
    """An answer as a file has it.

    Attributes:
        text: Its words, without white space around them; not empty.
        start: Where they begin, counted from what `text` lost at its start; or None.
    """

    text: str
    start: int | None


def read_answers(cell: str, places: str = "") -> list[Written]:
    """Reads the answers to a question, in any of the layouts of `docs/questions.md`.

    Args:
        cell: The words of the only answer. Or JSON: a list of such texts, or of objects with
            `text` and maybe `answer_start`; or one such object, whose two values may be lists.
            Whatever else an object has is passed over. What begins like JSON and is none is
            words, too.
        places: Where the answer begins, for those that do not say it themselves: "" where that
            is not known, a number, or JSON of a list with one number each.

    Returns:
        The answers in their order; those without words are none.

    Raises:
        ValueError: It is nothing of that; the message says what.

    Example:
        >>> read_answers("two years", "17"), read_answers('{"text": [], "answer_start": []}')
        ([Written(text='two years', start=17)], [])
    """
    found = _from_cell(cell)
    if not any(text.strip() for text, _ in found):
        return []
    if len(found) > MOST_ANSWERS:
        raise ValueError(f"has {len(found):,} answers, more than {MOST_ANSWERS:,}")
    if any(start is None for _, start in found):
        beside = _from_column(places, len(found))
        found = [
            (text, other if start is None else start)
            for (text, start), other in zip(found, beside, strict=True)
        ]
    written = []
    for text, start in found:
        if words := text.strip():
            lost = len(text) - len(text.lstrip())
            written.append(Written(words, start if start is None else start + lost))
    return written


def _from_cell(cell: str) -> list[tuple[str, int | None]]:
    if not cell.lstrip().startswith(("[", "{")):
        return [(cell, None)]
    try:
        found = json.loads(cell)
    except ValueError:
        return [(cell, None)]
    except RecursionError as error:
        raise ValueError(f"no JSON: {error}") from None
    if isinstance(found, dict):
        if not isinstance(found.get("text"), list):
            return [_from_object(found)]
        texts, starts = found["text"], found.get("answer_start")
        if starts is None:
            found = texts
        elif isinstance(starts, list) and len(starts) == len(texts):
            found = [
                {"text": text, "answer_start": start}
                for text, start in zip(texts, starts, strict=True)
            ]
        else:
            raise ValueError("does not have as many values of answer_start as of text")
    answers = []
    for number, answer in enumerate(found, 1):
        try:
            answers.append((answer, None) if isinstance(answer, str) else _from_object(answer))
        except ValueError as error:
            raise ValueError(f"answer {number}: {error}") from None
    return answers


def _from_object(answer: Any) -> tuple[str, int | None]:
    if not isinstance(answer, dict):
        raise ValueError("is neither a text nor an object")
    text = answer.get("text")
    if not isinstance(text, str):
        raise ValueError("has no text")
    start = answer.get("answer_start")
    return text, None if start is None else _whole_number(start)


def _from_column(cell: str, count: int) -> list[int | None]:
    """The places of answers that do not tell theirs."""
    cell = cell.strip()
    if not cell:
        return [None] * count
    try:
        found = json.loads(cell)
    except (ValueError, RecursionError):
        found = cell
    if not isinstance(found, list):
        found = [found]
    if len(found) != count:
        raise ValueError(f"has {count} answers, and {len(found)} places where one begins")
    return [None if start is None else _whole_number(start) for start in found]


def _whole_number(value: Any) -> int:
    # Tables with empty cells have floats in the others.
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if type(value) is not int:
        raise ValueError(f"its start is {str(value)[:40]!r}, no whole number")
    return value
