"""Rules that look at what a training reads."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

import numpy as np

from .finding import Found
from .rule import Facts, Rule, Steps, Weights


@dataclasses.dataclass
class ClassImbalance(Rule):
    """A class that the training split has far fewer texts of than of another."""

    name = "class_imbalance"
    ratio: float = 50.0
    texts: int = 500

    def begin(self, facts: Facts) -> str | None:
        if facts.classes is None:
            return "texts have no class"
        self._counts = facts.classes
        total = int(self._counts.sum())
        return f"{total} texts are fewer than {self.texts}" if total < self.texts else None

    def weights(self, weights: Weights) -> Iterable[Found]:
        counts, self._counts = self._counts, np.ones(1)
        if counts.max() > self.ratio * max(counts.min(), 1):
            least = int(counts.argmin())
            yield Found(
                f"class {least}",
                f"it has {int(counts[least])} texts, while another has {int(counts.max())}",
                "training.class_weight=balanced, or more texts of it",
            )


@dataclasses.dataclass
class Padding(Rule):
    """Batches that are padding for the most part."""

    name = "padding"
    remembers = ("_read", "_room", "_seen")
    share: float = 0.6
    steps_judged: int = 50

    def begin(self, facts: Facts) -> str | None:
        self._read = self._room = self._seen = 0
        if facts.total_steps < self.steps_judged:
            return f"{facts.total_steps} steps are fewer than {self.steps_judged}"
        return None

    def steps(self, steps: Steps) -> Iterable[Found]:
        if self._seen >= self.steps_judged:
            return
        self._seen += len(steps.numbers)
        self._read += int(steps.tokens.sum())
        self._room += int((steps.rows * steps.widths).sum())
        if self._seen >= self.steps_judged and self._read < (1 - self.share) * self._room:
            yield Found(
                "batches",
                f"{1 - self._read / self._room:.0%} of what the first {self._seen} steps computed "
                "was padding",
                "a smaller training.batch_size, or fewer model.max_tokens",
            )
