"""Rules that look at the loss, step by step or epoch by epoch."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Mapping

import numpy as np

from .finding import Found
from .rule import Facts, Rule, Steps

# Of the texts before it in the mean that runs along.
_DECAY = 0.98
# What figures of an epoch begin with that are the recall of a class with texts in the eval split.
RECALL = "recall/"
# Epochs after which something should have been learnt.
_LEARNT = 3


@dataclasses.dataclass
class LossNotDecreasing(Rule):
    """A smoothed loss that is not lower than a window of steps before, several times in a row.

    Single batches are sorted by length and small, so their losses say nothing; and towards the
    end of a schedule, when the rate is nearly 0, a loss may rest.
    """

    name = "loss_not_decreasing"
    remembers = ("_mean", "_weight", "_last", "_count")
    percent: float = 0.1
    window: int = 50
    patience: int = 3
    until: float = 0.8

    def begin(self, facts: Facts) -> str | None:
        # A tenth of a long training, as that has time for plateaus.
        self._window = max(self.window, facts.total_steps // 10)
        self._until = self.until * facts.total_steps
        self._mean = self._weight = 0.0
        self._last, self._count = math.inf, 0
        if self._until < self._window * (self.patience + 1):
            return (
                f"{facts.total_steps} steps hold no {self.patience + 1} windows of {self._window}"
            )
        return None

    def steps(self, steps: Steps) -> Iterable[Found]:
        for number, loss in zip(steps.numbers, steps.losses, strict=True):
            if not math.isfinite(loss):
                continue
            self._mean = _DECAY * self._mean + (1 - _DECAY) * loss
            self._weight = _DECAY * self._weight + (1 - _DECAY)
            if number % self._window or number > self._until:
                continue
            mean = self._mean / self._weight
            falls = mean < self._last * (1 - self.percent / 100)
            self._count = 0 if falls else self._count + 1
            self._last = min(mean, self._last)
            if self._count == self.patience:
                yield Found(
                    "loss",
                    f"the loss has not fallen for {self._count} times {self._window} steps; it is "
                    f"{mean:.4g}",
                    "another training.learning_rate, and whether labels belong to their texts",
                    int(number),
                )


@dataclasses.dataclass
class NoBetterThanGuessing(Rule):
    """An eval loss that is no lower than that of who knows only how frequent each class is.

    Not before the third epoch, or the last one, as a first one may be too short to learn.
    """

    name = "no_better_than_guessing"
    gain: float = 0.01

    def begin(self, facts: Facts) -> str | None:
        if facts.eval_classes is None:
            return "texts have no class"
        there = facts.eval_classes > 0
        # The calibration knows how frequent the classes are in both splits.
        known = facts.eval_classes if facts.classes is None else facts.eval_classes + facts.classes
        chances = np.log(known[there] / known.sum())
        shares = facts.eval_classes[there] / facts.eval_classes.sum()
        self._guessed = float(-(shares * chances).sum())
        self._epochs = max(facts.total_steps // max(facts.steps_per_epoch, 1), 1)
        return "the eval split has but one class" if there.sum() < 2 else None

    def epoch(self, number: int, figures: Mapping[str, float]) -> Iterable[Found]:
        if "log_loss" not in figures or number < min(self._epochs, _LEARNT):
            return
        if figures["log_loss"] > (1 - self.gain) * self._guessed:
            yield Found(
                "eval log_loss",
                f"it is {figures['log_loss']:.4g} after epoch {number}; who only knows how "
                f"frequent the classes are has {self._guessed:.4g}",
                "another training.learning_rate or more epochs, and whether labels belong to "
                "their texts",
            )


@dataclasses.dataclass
class ClassRecall(Rule):
    """A class of which the eval split has enough texts, and of which hardly one is found.

    Not before the third epoch, or the last one, likewise.
    """

    name = "class_recall"
    remembers = ("_told",)
    least: float = 0.1
    texts: int = 20

    def begin(self, facts: Facts) -> str | None:
        if facts.eval_classes is None:
            return "texts have no class"
        self._counts = facts.eval_classes[facts.eval_classes > 0]
        self._told: set[str] = set()
        self._epochs = max(facts.total_steps // max(facts.steps_per_epoch, 1), 1)
        enough = (self._counts >= self.texts).any()
        return None if enough else f"no class has {self.texts} texts in the eval split"

    def epoch(self, number: int, figures: Mapping[str, float]) -> Iterable[Found]:
        recalls = {name: value for name, value in figures.items() if name.startswith(RECALL)}
        if not recalls or number < min(self._epochs, _LEARNT):
            return
        for count, (name, recall) in zip(self._counts, recalls.items(), strict=True):
            if count >= self.texts and recall < self.least and name not in self._told:
                self._told.add(name)
                yield Found(
                    f"eval {name}",
                    f"{recall:.0%} of the {int(count)} texts of class "
                    f"{name.removeprefix(RECALL)} are found after epoch {number}",
                    "training.class_weight=balanced, evaluation.decide_for=macro_f1, or more texts "
                    "of it",
                )


@dataclasses.dataclass
class Overfit(Rule):
    """An eval loss that has risen and is well above that of the training."""

    name = "overfit"
    remembers = ("_best",)
    ratio: float = 0.2

    def begin(self, facts: Facts) -> str | None:
        self._best = math.inf
        epochs = facts.total_steps // max(facts.steps_per_epoch, 1)
        return "there is one epoch only" if epochs < 2 else None

    def epoch(self, number: int, figures: Mapping[str, float]) -> Iterable[Found]:
        if "log_loss" not in figures:
            return
        train, held = figures["loss"], figures["log_loss"]
        risen, self._best = held > self._best, min(held, self._best)
        if risen and train > 0 and (held - train) / train > self.ratio:
            yield Found(
                "eval log_loss",
                f"it rose to {held:.4g} in epoch {number} and is {(held - train) / train:.0%} "
                "above the training's",
                "fewer epochs, a higher model.dropout or more texts",
            )


@dataclasses.dataclass
class Overtraining(Rule):
    """Epochs that have made nothing better."""

    name = "overtraining"
    remembers = ("_best", "_stale")
    patience: int = 3
    delta: float = 0.01

    def begin(self, facts: Facts) -> str | None:
        self._best, self._stale = math.inf, 0
        epochs = facts.total_steps // max(facts.steps_per_epoch, 1)
        return f"there are {epochs} epochs only" if epochs <= self.patience else None

    def epoch(self, number: int, figures: Mapping[str, float]) -> Iterable[Found]:
        if "log_loss" not in figures:
            return
        better = figures["log_loss"] < self._best * (1 - self.delta)
        self._stale = 0 if better else self._stale + 1
        self._best = min(self._best, figures["log_loss"])
        if self._stale == self.patience:
            yield Found(
                "eval log_loss",
                f"it has not got better by {self.delta:.0%} for {self._stale} epochs",
                f"training.epochs={max(number - self._stale, 1)}",
            )
