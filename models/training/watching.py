"""Who looks on while a model is trained, and is told what happens."""

from __future__ import annotations

import contextlib
import dataclasses
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ...errors import RunError
from ...progress import notify

if TYPE_CHECKING:
    import keras
    import numpy as np
    import tensorflow as tf

    from ..tasks.base import Objective, Task
    from .tokenized import TokenizedTexts

# What a training does, one after the other; see `Watcher.phase`.
PHASES = ("input", "step", "average", "evaluation", "checkpoint")
# The columns of `StepSeen.statistics`.
SQUARES, ELEMENTS, ZEROS = 0, 1, 2


class StopTraining(Exception):
    """Raised by a watcher to end the training with its best weights; says why in a line."""


@dataclasses.dataclass(frozen=True)
class Watched:
    """The training that is watched.

    Attributes:
        model: That is trained.
        optimizer: That moves it.
        task: What is learnt.
        variables: Paths of the trainable variables, in the order of `StepSeen.statistics`.
        training: Texts that it learns from.
        evaluation: Texts that it is judged by after each epoch.
        steps_per_epoch: Steps that an epoch has.
        total_steps: Steps that all epochs have.
        steps_done: Steps that were taken before, where a training is gone on with.
        unit: What its speed is told in, such as `reviews`.
        head_steps: Steps, the first ones, in which the encoder stays as it is.
    """

    model: keras.Model
    optimizer: keras.optimizers.Optimizer
    task: Task | Objective
    variables: tuple[str, ...]
    training: TokenizedTexts
    evaluation: TokenizedTexts
    steps_per_epoch: int
    total_steps: int
    steps_done: int
    unit: str
    head_steps: int = 0


@dataclasses.dataclass(frozen=True)
class StepSeen:
    """A step that was taken.

    Attributes:
        number: Of the step, from 1 over all epochs.
        epoch: From 1.
        rows: Places of its texts in the training split, int64 [batch].
        width: Tokens of the longest of them.
        tokens: Tokens of all of them, padding not counted.
        seconds: It took.
        loss: Mean of the batch, a float32 scalar on the device.
        statistics: Of each variable's gradient the sum of its squares and the number of its
            elements, of a table those of the rows that the batch has used, and of a vector how many
            of these are 0; 0 of all without a gradient. Float32 [variables, 3], on the device:
            whoever reads it waits for the step.
        clock: When the loss was there and when the gradients were, by `time.time`; 0 with micro
            batches, as they take turns. Float64 [2].
    """

    number: int
    epoch: int
    rows: np.ndarray
    width: int
    tokens: int
    seconds: float
    loss: tf.Tensor
    statistics: tf.Tensor
    clock: tf.Tensor


class Watcher:
    """Looks on; does nothing unless a method is overridden.

    It may raise `StopTraining`, or a `RunError` to have the training fail. Whatever else it raises
    is told, and it is left out from then on: who only looks breaks nothing. It must not change
    the model, nor draw from random numbers that the training draws from.

    Attributes:
        name: Under which what it has to tell stands in `TrainingRecord.watched`.

    Example:
        >>> class Slowest(Watcher):
        ...     name = "slowest"
        ...     seconds = 0.0
        ...
        ...     def step(self, seen):
        ...         self.seconds = max(self.seconds, seen.seconds)
        ...
        ...     def told(self):
        ...         return {"seconds": self.seconds}
    """

    name = "watcher"

    def begin(self, watched: Watched) -> None:
        """The training begins, or is gone on with."""

    def resume(self, told: Mapping[str, Any]) -> None:
        """Takes up what it had told when the training was saved; called after `begin`.

        Args:
            told: What `told` gave, after JSON.
        """

    def state(self) -> dict[str, Any]:
        """What it needs to go on as if nothing had been interrupted, beside what it tells.

        It is kept in the checkpoint alone: values that JSON can hold, asked for whenever that is
        saved.
        """
        return {}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Takes up its state when the training was saved; called after `resume`.

        Args:
            state: What `state` gave, after JSON.
        """

    def tell_findings(self, hear: Callable[[str, int, str], None]) -> None:
        """Is given, before `begin`, who else wants to know what it finds.

        Args:
            hear: Takes the name of what has found something, the step and the words.
        """

    def phase(self, name: str) -> contextlib.AbstractContextManager[None]:
        """Gives what the training enters while it is at one of the `PHASES`.

        Args:
            name: Of the phase.
        """
        return contextlib.nullcontext()

    def step(self, seen: StepSeen) -> None:
        """A step was taken."""

    def epoch(self, number: int, figures: Mapping[str, float]) -> None:
        """An epoch was evaluated.

        Args:
            number: Of it, from 1.
            figures: Its `loss` and, of the eval split, what the task tells.
        """

    def told(self) -> dict[str, Any]:
        """What is to be kept of it: values that JSON can hold, asked for whenever it is saved."""
        return {}

    def end(self) -> None:
        """The training is over, in whatever way."""


class Watchers:
    """All who look on, as one that breaks nothing.

    Args:
        watchers: Who is told what happens, in this order.
    """

    def __init__(self, watchers: Sequence[Watcher]):
        self._watchers = list(watchers)

    def begin(
        self,
        watched: Watched,
        told: Mapping[str, Mapping[str, Any]],
        state: Mapping[str, Mapping[str, Any]],
    ) -> None:
        """See `Watcher.begin`, `Watcher.resume` and `Watcher.restore`.

        Args:
            watched: The training.
            told: By the names of watchers what they had told when it was saved.
            state: Likewise what their state was.
        """
        self._each(lambda watcher: watcher.begin(watched))
        self._each(lambda one: one.resume(told[one.name]) if one.name in told else None)
        self._each(lambda one: one.restore(state[one.name]) if one.name in state else None)

    @contextlib.contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """See `Watcher.phase`."""
        entered: list[contextlib.AbstractContextManager[None]] = []

        def enter(watcher: Watcher) -> None:
            phase = watcher.phase(name)
            phase.__enter__()
            entered.append(phase)

        self._each(enter)
        try:
            yield
        finally:
            for phase in entered:
                phase.__exit__(None, None, None)

    def step(self, seen: StepSeen) -> None:
        """See `Watcher.step`."""
        self._each(lambda watcher: watcher.step(seen))

    def epoch(self, number: int, figures: Mapping[str, float]) -> None:
        """See `Watcher.epoch`."""
        self._each(lambda watcher: watcher.epoch(number, figures))

    def told(self) -> dict[str, dict[str, Any]]:
        """What each has to tell, by its name; nothing of those that have nothing."""
        return self._gathered(lambda watcher: watcher.told())

    def state(self) -> dict[str, dict[str, Any]]:
        """The state of each, by its name; nothing of those that have none."""
        return self._gathered(lambda watcher: watcher.state())

    def end(self) -> None:
        """See `Watcher.end`."""
        self._each(lambda watcher: watcher.end())

    def _gathered(self, ask: Callable[[Watcher], dict[str, Any]]) -> dict[str, dict[str, Any]]:
        gathered: dict[str, dict[str, Any]] = {}

        def gather(watcher: Watcher) -> None:
            if words := ask(watcher):
                gathered[watcher.name] = words

        self._each(gather)
        return gathered

    def _each(self, tell: Callable[[Watcher], None]) -> None:
        for watcher in list(self._watchers):
            try:
                tell(watcher)
            except (StopTraining, RunError):
                raise
            except Exception as error:
                traceback.print_exc()
                notify(
                    f"what watches the training ({watcher.name}) has failed and is left out: "
                    f"{type(error).__name__}: {error}"
                )
                self._watchers.remove(watcher)
