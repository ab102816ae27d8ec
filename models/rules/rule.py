"""What a rule is, and what it gets to see."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from .finding import Found


@dataclasses.dataclass(frozen=True)
class Reading:
    """How much of its texts a training reads.

    Attributes:
        unknown: Share of the pieces that the vocabulary does not have; None where that is not
            known.
        unread: Share of all tokens that are not read, or of the questions that are longer than what
            is read of them; None where all of a text is read, or that is not known.
        told: What is said of it, in a clause.
        advice: What to try where it is much.
    """

    unknown: float | None = None
    unread: float | None = None
    told: str = ""
    advice: str = ""


@dataclasses.dataclass(frozen=True)
class Facts:
    """What is known of a training before its first step.

    Attributes:
        variables: Paths of the trainable variables.
        shapes: Theirs.
        encoder: Places in `variables` of those of the encoder; None where there is no encoder
            whose variables are told apart.
        total_steps: Steps of all epochs.
        steps_per_epoch: Steps of one.
        classes: Texts of each class in the training split; None where texts have no class.
        eval_classes: Likewise of the eval split.
        head_steps: Steps, the first ones, in which the encoder stays as it is.
        reading: How much is read of the texts.
    """

    variables: Sequence[str]
    shapes: Sequence[tuple[int, ...]]
    total_steps: int
    steps_per_epoch: int
    encoder: Sequence[int] | None = None
    classes: np.ndarray | None = None
    eval_classes: np.ndarray | None = None
    head_steps: int = 0
    reading: Reading = Reading()


@dataclasses.dataclass(frozen=True)
class Steps:
    """Steps that were taken since a rule last looked, the oldest first.

    Attributes:
        numbers: Of the steps, from 1, int64 [steps].
        losses: Mean of each batch, float64 [steps].
        squares: Sum of the squares of each gradient, of a table over the rows that were used,
            float64 [steps, variables].
        elements: Numbers that a gradient has; 0 without one, float64 [steps, variables].
        zeros: How many of these are 0, of a vector; float64 [steps, variables].
        widths: Tokens of the longest text, int64 [steps].
        rows: Texts, int64 [steps].
        tokens: Tokens of these, padding not counted, int64 [steps].
        seconds: Each took, float64 [steps].
    """

    numbers: np.ndarray
    losses: np.ndarray
    squares: np.ndarray
    elements: np.ndarray
    zeros: np.ndarray
    widths: np.ndarray
    rows: np.ndarray
    tokens: np.ndarray
    seconds: np.ndarray

    @property
    def norms(self) -> np.ndarray:
        """Norm of all gradients of a step, float64 [steps]."""
        return np.sqrt(self.squares.sum(axis=1))

    def after(self, former: Steps) -> Steps:
        """Returns these steps and, before them, others.

        Args:
            former: The others.
        """
        names = [field.name for field in dataclasses.fields(self)]
        joined = {name: [getattr(former, name), getattr(self, name)] for name in names}
        return Steps(**{name: np.concatenate(both) for name, both in joined.items()})


@dataclasses.dataclass(frozen=True)
class Weights:
    """What was seen of the weights.

    Attributes:
        step: After which step; 0 before the first.
        squares: Sum of the squares of each variable, float64 [variables].
        samples: Of each variable up to some hundred of its numbers, always the same ones.
        before: The same numbers one step earlier; None where they were not looked at.
    """

    step: int
    squares: np.ndarray
    samples: Sequence[np.ndarray]
    before: Sequence[np.ndarray] | None = None


class Rule:
    """Looks at a training and says what is wrong with it.

    A rule is a dataclass whose fields are its parameters, each with a default under which it says
    nothing of a healthy training. What it has not overridden it is not asked. What it keeps from
    one look for the next it names in `remembers`, so that an interrupted training is judged as if
    it had not been.

    Attributes:
        name: As the configuration has it.
        remembers: Names of its attributes, which `begin` makes, that change from look to look:
            numbers, texts, and arrays, lists, sets, tuples or deques of them.

    Example:
        >>> @dataclasses.dataclass
        ... class Costly(Rule):
        ...     name = "costly"
        ...     limit: float = 100.0
        ...
        ...     def steps(self, steps):
        ...         if steps.losses.max() > self.limit:
        ...             yield Found("loss", "the loss is large", "a lower learning rate")
    """

    name: ClassVar[str]
    remembers: ClassVar[tuple[str, ...]] = ()

    def begin(self, facts: Facts) -> str | None:
        """Takes up the facts of a training.

        Args:
            facts: What is known before the first step.

        Returns:
            Why there is nothing that it could look at; None if there is.
        """
        return None

    def facts(self, facts: Facts) -> Iterable[Found]:
        """Judges what is known before the first step; not of a training that is gone on with."""
        return ()

    def steps(self, steps: Steps) -> Iterable[Found]:
        """Judges some steps; all are shown, each once."""
        return ()

    def weights(self, weights: Weights) -> Iterable[Found]:
        """Judges the weights; they are shown before the first step and every few steps."""
        return ()

    def epoch(self, number: int, figures: Mapping[str, float]) -> Iterable[Found]:
        """Judges an epoch by its `loss` and by the figures of the eval split."""
        return ()

    def state(self) -> dict[str, Any]:
        """What it remembers of its looks, as values that JSON can hold."""
        return {name: _plain(getattr(self, name)) for name in self.remembers}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Remembers what it did when a training was saved; called after `begin`.

        Args:
            state: What `state` gave, after JSON.
        """
        for name in self.remembers:
            setattr(self, name, _like(getattr(self, name), state[name]))


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, set):
        return sorted(value)
    if isinstance(value, list | tuple | collections.deque):
        return [_plain(each) for each in value]
    return value


def _like(former: Any, value: Any) -> Any:
    """The value as what it was before `_plain`, which is what `begin` has made."""
    if isinstance(former, np.ndarray):
        return np.array(value, former.dtype)
    if isinstance(former, collections.deque):
        return collections.deque(value, former.maxlen)
    return type(former)(value) if isinstance(former, set | tuple) else value
