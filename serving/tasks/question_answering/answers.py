"""From what a model that answers questions gives to predictions."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..predictions import Ask, Inputs, Reply, is_list_of

if TYPE_CHECKING:
    import numpy as np

    from ....files.writing import Cell

TASK = "question-answering"
INPUTS = ("question", "context")
OUTPUTS = ("answer", "start", "end", "score")
# Type of the values of each output.
_KINDS: tuple[Any, ...] = (str, int, int, (int, float))


@dataclasses.dataclass(frozen=True)
class Answer:
    """The answer to a question: a part of its context, or that there is none.

    Attributes:
        text: The answer; `context[start:end]` of a context that is UTF-8. Empty where there is
            none.
        start: Where it begins, in characters of the context; of Python's `str`, too.
        end: Where it ends, exclusive; both are 0 where there is none.
        score: Calibrated probability that it is right; where there is none, that there is none.
    """

    text: str
    start: int
    end: int
    score: float

    def cells(self) -> list[tuple[str, str]]:
        """The score; the answer stands in the context."""
        return [("score", f"{self.score:.3f}")]

    def shown(self, text: str) -> str:
        """The context with the answer marked.

        Args:
            text: The context that was asked about.

        Example:
            >>> Answer("two days", 12, 20, 0.93).shown("Broke after two days.")
            'Broke after [two days].'
        """
        if not self.text:
            return text
        return f"{text[: self.start]}[{text[self.start : self.end]}]{text[self.end :]}"

    def rows(self) -> list[dict[str, Cell]]:
        """One row: `predicted_answer`, empty where there is none, and `…_start`, `…_end` and
        `…_score` of it."""
        return [self.record()]

    def record(self) -> dict[str, Any]:
        """The same fields, of which training can read the answers as it does those of people."""
        return {
            "predicted_answer": self.text,
            "predicted_answer_start": self.start,
            "predicted_answer_end": self.end,
            "predicted_answer_score": round(self.score, 6),
        }

    def at_least(self, confidence: float) -> Answer:
        """The same where it is as likely as that, else none, of which the score is left.

        Args:
            confidence: From 0 to 1.

        Example:
            >>> Answer("two days", 12, 20, 0.4).at_least(0.7)
            Answer(text='', start=0, end=0, score=0.4)
        """
        if not self.text or self.score >= confidence:
            return self
        return Answer("", 0, 0, self.score)


def rows_of_pairs(pairs: Iterable[tuple[str, str]]) -> Iterator[dict[str, str]]:
    """Questions and contexts as a `Predictor` takes them.

    Args:
        pairs: A question and its context each.

    Raises:
        TypeError: A pair is a single text, whose characters would be taken for two.
    """
    for pair in pairs:
        if isinstance(pair, str):
            raise TypeError(f"{pair[:40]!r} is a single str; each is a question with its context")
        yield dict(zip(INPUTS, pair, strict=True))


def read_arrays(outputs: Mapping[str, np.ndarray], labels: Sequence[str]) -> Iterator[Answer]:
    """Yields the answer to each question.

    Args:
        outputs: Of `serving_default`.
        labels: Not needed: nothing is decided between.
    """
    columns = (outputs[name].tolist() for name in OUTPUTS)
    for text, start, end, score in zip(*columns, strict=True):
        yield Answer(text.decode(), start, end, score)


def make_reader(model: str, ask: Ask, error: Callable[[str], Exception]) -> QuestionReader:
    """What reads the answers of a server; see `QuestionReader`."""
    return QuestionReader(model, error)


class QuestionReader:
    """Puts the outputs for each question together.

    Args:
        model: Name of the model, for messages.
        error: Makes an exception of what is wrong with an answer.
    """

    def __init__(self, model: str, error: Callable[[str], Exception]):
        self._model = model
        self._error = error

    async def read(self, inputs: Inputs, reply: Reply) -> list[Answer]:
        """Returns the answer to each question; see `AnswerReader.read`."""
        columns: list[list] = []
        for name, kind in zip(OUTPUTS, _KINDS, strict=True):
            values: Any = reply.tensors.get(name)
            if not is_list_of(kind, values) or len(values) != len(inputs["question"]):
                raise self._error(
                    f"{name} of the model {self._model} is not one value for each question"
                )
            columns.append(values)
        return [
            Answer(text, start, end, float(score))
            for text, start, end, score in zip(*columns, strict=True)
        ]
