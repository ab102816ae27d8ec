"""A profile of some steps by TensorFlow itself, operation by operation."""

from __future__ import annotations

import tensorflow as tf

from ..watching import StepSeen, Watched, Watcher


class StepTrace(Watcher):
    """Has TensorFlow profile some steps, for the profile plugin of TensorBoard.

    What it writes down of each operation makes these steps slower, so a few are enough. Of a
    training that ended before the last of them the profile ends with it.

    Args:
        directory: Of the logs; the profile is in `plugins/profile`.
        first: Step, from 1, that is profiled first; best one whose width was there before, or
            compiling is all that is seen.
        last: That is profiled last.

    Example:
        >>> task = TextClassification(("negative", "neutral", "positive"))
        >>> settings = TrainingSettings(epochs=1)
        >>> trace = StepTrace(directory, 2, 3)
        >>> record = train(
        ...     classifier, training, evaluation, settings, task=task, watchers=[trace]
        ... )
    """

    name = "trace"

    def __init__(self, directory: str, first: int, last: int):
        self._directory, self._first, self._last = directory, first, last
        self._going = False

    def begin(self, watched: Watched) -> None:
        """Starts at once where the first step is the first one."""
        self._start_before(watched.steps_done + 1)

    def step(self, seen: StepSeen) -> None:
        """Starts and ends between two steps."""
        if self._going and seen.number >= self._last:
            self.end()
        self._start_before(seen.number + 1)

    def end(self) -> None:
        """Writes the profile."""
        if self._going:
            self._going = False
            tf.profiler.experimental.stop()

    def _start_before(self, number: int) -> None:
        if not self._going and number == self._first:
            tf.profiler.experimental.start(self._directory)
            self._going = True
