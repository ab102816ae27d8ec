"""What a task makes of a served model's answers; `Answers` is what its module `answers` has.

Apart from `base`, so that the client needs no TensorFlow.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from ...errors import UsageError

if TYPE_CHECKING:
    import numpy as np

# The task of models that were exported before `model.json` told.
FIRST_TASK = "text-classification"
# The most that texts of a batch times bytes of its longest text may be. What is said of parts of
# texts is padded to the text with the most of them, so that one long text among many others would
# fill the memory; a model refuses to answer with more cells than this.
MOST_CELLS = 1 << 22


def check_task(model: str, found: str, wanted: str) -> None:
    """Makes sure that a model can answer what it is asked.

    Args:
        model: Its name, for the message.
        found: The task it was trained for.
        wanted: The task of the question.

    Raises:
        UsageError: They are not the same.
    """
    if found != wanted:
        raise UsageError(f"the model {model} is for {found}; one for {wanted} is needed")


class Prediction(Protocol):
    """What a model says of one text, and how it is shown."""

    def cells(self) -> list[tuple[str, str]]:
        """Header and cell of each column of a table that people read."""

    def shown(self, text: str) -> str:
        """The text as a person reads it beside the cells, such as with marks in it."""

    def rows(self) -> list[dict[str, str]]:
        """Rows of a table of predictions, at least one, all with the same columns."""

    def record(self) -> dict[str, Any]:
        """Fields of a line of JSON."""


class Answer(Protocol):
    """The answer of a server to one request."""

    @property
    def tensors(self) -> dict[str, Any]:
        """Nested lists of str, of int and of float, by the names of the outputs."""

    @property
    def version(self) -> int | None:
        """Which version of the model answered; None where nobody tells."""


# Sends texts to a signature, given its name and that of its input.
Ask = Callable[[str, str, list[bytes]], Awaitable[Answer]]


class AnswerReader(Protocol):
    """Reads what one server answers; it may remember, and ask for, what it needs to know."""

    async def read(self, texts: list[bytes], answer: Answer) -> Sequence[Prediction]:
        """Returns a prediction for each text.

        Args:
            texts: Those that were asked about.
            answer: That of `serving_default`.

        Raises:
            Exception: What the `error` it was made with gives, if the answer is none.
        """


class Answers(Protocol):
    """The module `answers`.

    Attributes:
        OUTPUTS: Names of the outputs of `serving_default`, by which a client knows the task.
    """

    OUTPUTS: tuple[str, ...]

    def read_arrays(
        self, outputs: Mapping[str, np.ndarray], labels: Sequence[str]
    ) -> Iterator[Prediction]:
        """Yields a prediction for each text, of what `serving_default` gave in this process."""

    def make_reader(self, model: str, ask: Ask, error: Callable[[str], Exception]) -> AnswerReader:
        """What reads the answers of a server.

        Args:
            model: Name of the model, for messages.
            ask: Asks that server.
            error: Makes an exception of what is wrong with an answer.
        """
