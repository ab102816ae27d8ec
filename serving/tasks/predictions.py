"""What a task makes of a served model's answers; `Answers` is what its module `answers` has.

Apart from `base`, so that the client needs no TensorFlow.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from ...errors import UsageError

if TYPE_CHECKING:
    import numpy as np

    from ...files.writing import Cell

# The task of models that were exported before `model.json` told.
FIRST_TASK = "text-classification"
# What `serving_default` takes where a task says nothing else.
TEXT_ALONE = ("text",)
# The texts of a batch, in UTF-8, by the names of the inputs that they go into.
Inputs = Mapping[str, list[bytes]]
# The most that rows of a batch times bytes of its longest text may be. What is said of parts of
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


class WrongInputs(UsageError):
    """A model was asked with what models of its task do not take."""


def check_inputs(model: str, task: str, takes: Iterable[str], given: Iterable[str]) -> None:
    """Makes sure that a model is asked with what it takes.

    Args:
        model: Its name, for the message.
        task: The task it was trained for.
        takes: Names of the inputs of its `serving_default`.
        given: Names of those that it is asked with.

    Raises:
        WrongInputs: They are not the same.
    """
    if set(takes) != set(given):
        found, wanted = (" and ".join(names) for names in (given, takes))
        raise WrongInputs(
            f"the model {model} is for {task}, which takes {wanted}; it was asked with {found}"
        )


class Prediction(Protocol):
    """What a model says of one text, or of texts that belong together, and how it is shown."""

    def cells(self) -> list[tuple[str, str]]:
        """Header and cell of each column of a table that people read."""

    def shown(self, text: str) -> str:
        """The text as a person reads it beside the cells, such as with marks in it; where several
        were asked about, the last of them."""

    def rows(self) -> list[dict[str, Cell]]:
        """Rows of a table of predictions, at least one, all with the same columns and types."""

    def record(self) -> dict[str, Any]:
        """Fields of a line of JSON."""

    def at_least(self, confidence: float) -> Prediction:
        """Returns the same without what is less likely right than a probability.

        Args:
            confidence: From 0 to 1.
        """


class Reply(Protocol):
    """The answer of a server to one request."""

    @property
    def tensors(self) -> dict[str, Any]:
        """Nested lists of str, of int and of float, by the names of the outputs."""

    @property
    def version(self) -> int | None:
        """Which version of the model answered; None where nobody tells."""


# Sends texts to a signature, given its name.
Ask = Callable[[str, Inputs], Awaitable[Reply]]


class AnswerReader(Protocol):
    """Reads what one server answers; it may remember, and ask for, what it needs to know."""

    async def read(self, inputs: Inputs, reply: Reply) -> Sequence[Prediction]:
        """Returns a prediction for each row of the batch.

        Args:
            inputs: What was asked about.
            reply: That of `serving_default`.

        Raises:
            Exception: What the `error` it was made with gives, if the answer is none.
        """


class Answers(Protocol):
    """The module `answers`.

    Attributes:
        INPUTS: Names of the inputs of `serving_default`; may be left out where it is `text` alone.
        OUTPUTS: Names of its outputs, by which a client knows the task.
    """

    INPUTS: tuple[str, ...]
    OUTPUTS: tuple[str, ...]

    def read_arrays(
        self, outputs: Mapping[str, np.ndarray], labels: Sequence[str]
    ) -> Iterator[Prediction]:
        """Yields a prediction for each row, of what `serving_default` gave in this process."""

    def make_reader(self, model: str, ask: Ask, error: Callable[[str], Exception]) -> AnswerReader:
        """What reads the answers of a server.

        Args:
            model: Name of the model, for messages.
            ask: Asks that server.
            error: Makes an exception of what is wrong with an answer.
        """


def is_list_of(kind: type | tuple[type, ...], value: Any) -> bool:
    """Whether what a server gave for an output is a list, all of it of some type.

    Args:
        kind: The type, or several that will do.
        value: Anything that JSON can hold.
    """
    return isinstance(value, list) and all(isinstance(item, kind) for item in value)
