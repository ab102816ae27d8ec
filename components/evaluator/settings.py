"""When a model is good enough to be pushed, as the configuration names it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from ...choices import choice, choice_problems

DECISIONS = ("both", "macro_f1", "accuracy")
# Each is for some of the tasks only, which name it in `SETTINGS` of their module `data`.
OF_TASKS = ("decide_for", "min_macro_f1", "min_accuracy", "min_f1")


@dataclasses.dataclass(frozen=True)
class EvaluationSettings:
    """The thresholds of the blessing, and what the class named in `label` is tuned for.

    Attributes:
        decide_for: What the per-class offsets of the decision are tuned for on the eval split:
            `macro_f1`, `accuracy`, or `both`, in which accuracy counts twice.
        min_macro_f1: Test macro-F1 below which a model is not blessed.
        min_accuracy: Test accuracy below which a model is not blessed.
        min_f1: Test F1 of the entities, or of the answers, below which a model is not blessed.
        max_regression: How much worse than the last blessed model the test macro-F1 may be, or
            the F1 of entities or answers.
        ngram_baseline: Train an n-gram classifier on the same splits, and say what the model
            brings over it.
        min_gain: Gain in test macro-F1 over the n-grams below which a model is not blessed.
    """

    decide_for: str = choice("both", DECISIONS)
    min_macro_f1: float = 0.5
    min_accuracy: float = 0.0
    min_f1: float = 0.3
    max_regression: float = 0.01
    ngram_baseline: bool = True
    min_gain: float | None = None

    def problems(self) -> Iterator[tuple[str, str]]:
        """Yields `(key, what is wrong and what would be right)` for every bad value."""
        yield from choice_problems(self)
        for key in ("min_macro_f1", "min_accuracy", "min_f1", "max_regression"):
            if not 0 <= getattr(self, key) <= 1:
                yield key, f"is {getattr(self, key)}; it is a number from 0 to 1"
        if self.min_gain is None:
            return
        if not -1 <= self.min_gain <= 1:
            yield "min_gain", f"is {self.min_gain}; it is a number from -1 to 1"
        if not self.ngram_baseline:
            yield (
                "min_gain",
                "is a gain over n-grams, which evaluation.ngram_baseline=false leaves out; "
                "leave out one of the two",
            )
