"""Rules that look at the clock."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from .finding import Found
from .rule import Facts, Rule, Steps

# Of each width, so that a median stands for something.
_KNOWN = 5
_KEPT = 200


@dataclasses.dataclass
class SlowSteps(Rule):
    """Steps that take far longer than others of their width.

    The first of each width is compiled and not counted.
    """

    name = "slow_steps"
    remembers = ("_judged", "_slow", "_told")
    factor: float = 3.0
    share: float = 0.1
    least: int = 10

    def begin(self, facts: Facts) -> str | None:
        self._seconds: dict[int, collections.deque[float]] = {}
        # Widths that this process has compiled the step for.
        self._compiled: set[int] = set()
        self._judged = self._slow = 0
        self._told = False
        return None

    def steps(self, steps: Steps) -> Iterable[Found]:
        for width, seconds in zip(steps.widths, steps.seconds, strict=True):
            if int(width) not in self._compiled:
                self._compiled.add(int(width))
                continue
            known = self._seconds.setdefault(int(width), collections.deque(maxlen=_KEPT))
            if len(known) >= _KNOWN:
                self._judged += 1
                self._slow += bool(seconds > self.factor * float(np.median(known)))
            known.append(float(seconds))
        many = self._slow >= max(self.least, self.share * self._judged)
        if many and not self._told:
            self._told = True
            yield Found(
                "steps",
                f"{self._slow} of {self._judged} steps took over {self.factor:g} times as long as "
                "others of their width",
                "to see what else uses this machine",
            )

    def state(self) -> dict[str, Any]:
        seconds = {str(width): list(known) for width, known in self._seconds.items()}
        return {**super().state(), "seconds": seconds}

    def restore(self, state: Mapping[str, Any]) -> None:
        super().restore(state)
        self._seconds = {
            int(width): collections.deque(known, _KEPT) for width, known in state["seconds"].items()
        }


@dataclasses.dataclass
class StalledTraining(Rule):
    """No step for a long time; a thread judges it while the training hangs."""

    name = "stalled_training"
    seconds: float = 1800.0

    def found(self, phase: str) -> Found:
        """What is said of a training that hangs.

        Args:
            phase: What it is at.
        """
        return Found(
            phase,
            f"nothing has happened for {self.seconds:g} seconds; the training is at: {phase}",
            "to see whether its disk, its input or its accelerator still answers",
        )
