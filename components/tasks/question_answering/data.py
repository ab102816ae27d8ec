"""What question answering needs of the files: a text as it is, a question and its answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ....models.settings import ModelSettings
from ...review_example_gen.settings import SPLITS, DataSettings

FEATURES = ("question", "spans", "answers")
TEXT_AS_GIVEN = True
INPUTS = {"question": "question", "context": "text"}
SETTINGS = {
    "data": ("question", "answer", "answer_start", "offsets"),
    "evaluation": ("min_f1",),
    "model": ("stride", "max_answer_tokens", "max_question_tokens"),
}
KINDS = ANSWERED, UNANSWERABLE = ("answered", "unanswerable")


def problems(settings: DataSettings) -> Iterator[tuple[str, str]]:
    """Yields `(key, what is wrong and what would be right)` for every bad value.

    Args:
        settings: Of the data.
    """
    yield from settings.slice_problems(FEATURES)
    yield from settings.counted_problems("answers")
    if not settings.question:
        yield "question", "is missing; name the column of the questions"
    elif settings.question in settings.text:
        yield "question", f"names {settings.question!r}, the column of the text"
    if not settings.answer:
        yield "answer", "is missing; name the column of the answers"


def kinds(settings: DataSettings) -> list[str]:
    """Whether the text answers the question.

    Args:
        settings: Of the data.
    """
    return list(KINDS)


def lacking(settings: DataSettings, kinds: Mapping[str, Sequence[int]]) -> str:
    """What is not there to be learnt or to be tested, in words, or "".

    No question needs to be unanswerable, but in every split some must have an answer.

    Args:
        settings: Of the data.
        kinds: Split -> questions of each kind.
    """
    answered = {split: kinds[split][KINDS.index(ANSWERED)] for split in SPLITS}
    if not any(answered.values()):
        return (
            f"no question has an answer (data.answer is {settings.answer!r}); a model needs "
            "questions with one"
        )
    for split in SPLITS:
        if not answered[split]:
            return (
                f"no question of the split {split} has an answer; bring more texts with questions "
                "that have one, or give that split more in data.splits"
            )
    return ""


def task_config(data: DataSettings, model: ModelSettings) -> dict[str, Any]:
    """`max_answer_tokens`, see `models.tasks.question_answering`.

    Args:
        data: Not needed.
        model: Says how long an answer may be.
    """
    return {"max_answer_tokens": model.max_answer_tokens}
