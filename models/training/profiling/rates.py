"""The learning rate of a training over its steps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..watching import StepSeen, Watched, Watcher

# Points of the curve, about.
_POINTS = 100


class LearningRates(Watcher):
    """Keeps the learning rate over the steps, at about a hundred of them and at the last one.

    What it tells: `steps`, from 0, and of each in `rates` the learning rate of the step that comes
    after it.

    Example:
        >>> rates = LearningRates()
        >>> rates.resume({"steps": [0, 10], "rates": [0.0, 1e-4]})
        >>> rates.told()
        {'steps': [0, 10], 'rates': [0.0, 0.0001]}
    """

    name = "learning_rates"

    def __init__(self) -> None:
        self._steps: list[int] = []
        self._rates: list[float] = []
        self._every, self._done = 1, 0

    def begin(self, watched: Watched) -> None:
        """Keeps the first one."""
        self._optimizer = watched.optimizer
        self._every = max(watched.total_steps // _POINTS, 1)
        self._done = watched.steps_done
        if not self._done:
            self._look()

    def resume(self, told: Mapping[str, Any]) -> None:
        """Goes on with the curve; where it was interrupted is no point of it."""
        for step, rate in zip(told["steps"], told["rates"], strict=True):
            if step % self._every == 0 and step not in self._steps:
                self._steps.append(step)
                self._rates.append(rate)

    def step(self, seen: StepSeen) -> None:
        """Keeps one, if it is time."""
        self._done = seen.number
        if self._done % self._every == 0:
            self._look()

    def told(self) -> dict[str, Any]:
        """The curve, up to the last step."""
        steps, rates = list(self._steps), list(self._rates)
        if self._done not in steps:
            steps.append(self._done)
            rates.append(self._rate())
        return {"steps": steps, "rates": rates}

    def _look(self) -> None:
        self._steps.append(self._done)
        self._rates.append(self._rate())

    def _rate(self) -> float:
        # It is a float32, whose further digits say nothing.
        return float(f"{float(self._optimizer.learning_rate):.6g}")
