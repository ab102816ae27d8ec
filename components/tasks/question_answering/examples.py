"""From the question and the answers of a row to the features of its example."""

from __future__ import annotations

import json
from collections.abc import Mapping

from ...review_example_gen.reviews import Rejection, Targets, shown
from ...review_example_gen.settings import UTF16, DataSettings
from ..spans import spans_text
from .answers import Written, read_answers
from .data import ANSWERED, KINDS, UNANSWERABLE
from .places import Context

NO_QUESTION = "no-question"
MALFORMED_ANSWER = "malformed-answer"
MISMATCH = "answer-mismatch"
NOT_FOUND = "answer-not-found"
AMBIGUOUS = "answer-ambiguous"


def make_maker(settings: DataSettings) -> AnswerMaker:
    """What finds the answers of rows; see `AnswerMaker`."""
    return AnswerMaker(settings)


class AnswerMaker:
    """Finds the answers of a row in its text.

    Args:
        settings: Free of problems.

    Example:
        >>> settings = DataSettings("-", ("text",), question="question", answer="answer")
        >>> row = {"question": "For how long?", "answer": "two years"}
        >>> AnswerMaker(settings).make(row, "It lasted two years.").features["spans"]
        '10:19'
    """

    def __init__(self, settings: DataSettings):
        self._question = settings.question or ""
        self._answer = settings.answer or ""
        self._start = settings.answer_start
        self._in_utf16 = settings.offsets == UTF16
        # Questions about one text mostly come one after the other.
        self._context = Context("")

    def make(
        self, values: Mapping[str, str], text: str, decimal: str | None = None
    ) -> Targets | Rejection:
        """Returns `question`, `spans` and `answers` of a row, or why it has none.

        `spans` are `start:end` each, with a space between them: characters of the text, each
        answer once, the one that is learnt first; "" where there is none. `answers` is a JSON
        list of what stands there.

        Args:
            values: Column -> text of the cell.
            text: The text of the row, as given.
            decimal: Makes no difference.
        """
        question = values.get(self._question, "")
        if not question.strip():
            return Rejection(NO_QUESTION, f"{self._question} is empty")
        try:
            written = read_answers(
                values.get(self._answer, ""), values.get(self._start, "") if self._start else ""
            )
        except ValueError as error:
            return Rejection(MALFORMED_ANSWER, f"{self._answer}: {error}")
        if self._context.text != text:
            self._context = Context(text)
        spans: dict[tuple[int, int], None] = {}
        for number, answer in enumerate(written, 1):
            found = self._span(answer, self._context)
            if isinstance(found, Rejection):
                which = f"answer {number}: " if len(written) > 1 else ""
                return found._replace(detail=f"{self._answer}: {which}{found.detail}")
            spans[found] = None
        answers = dict.fromkeys(text[start:end] for start, end in spans)
        features = {
            "question": question,
            "spans": spans_text(spans),
            "answers": json.dumps([*answers], ensure_ascii=False),
        }
        kind = KINDS.index(ANSWERED if spans else UNANSWERABLE)
        return Targets(features, shows=(kind,), apart=question)

    def _span(self, answer: Written, context: Context) -> tuple[int, int] | Rejection:
        words, start = answer
        if start is not None:
            return self._at(words, start, context)
        found = context.only(words)
        if not isinstance(found, int):
            return found
        if found:
            where = "say where by data.answer_start"
            return Rejection(AMBIGUOUS, f"{shown(words)} is in the text more than once; {where}")
        # Such as lists of Python, which are written into tables now and then.
        where = (
            "neither in the text nor JSON" if words.startswith(("[", "{")) else "not in the text"
        )
        return Rejection(NOT_FOUND, f"{shown(words)} is {where}")

    def _at(self, words: str, start: int, context: Context) -> tuple[int, int] | Rejection:
        place = start
        if self._in_utf16:
            try:
                place = context.from_utf16(start)
            except ValueError as error:
                return Rejection(MALFORMED_ANSWER, f"its start {error}")
        if found := context.at(words, place):
            return found
        there = context.text[place : place + len(words)] if place >= 0 else ""
        what = f"at {str(start)[:20]} is {shown(there)}, not {shown(words)} as it says"
        return Rejection(MISMATCH, what + self._hint(words, start, context))

    def _hint(self, words: str, start: int, context: Context) -> str:
        """What may be meant by a place where something else is."""
        elsewhere = context.only(words)
        if isinstance(elsewhere, int):
            return ""
        if not self._in_utf16:
            try:
                if context.from_utf16(start) == elsewhere[0] != start:
                    return "; it is there by data.offsets: utf16"
            except ValueError:
                pass
        return f"; that is at {elsewhere[0]}"
