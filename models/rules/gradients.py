"""Rules that look at the gradients of each step."""

from __future__ import annotations

import collections
import dataclasses
import math
from collections.abc import Iterable

import numpy as np

from .finding import Found
from .rule import Facts, Rule, Steps, Weights

_NAMED = 3


def some(names: Iterable[str]) -> str:
    """Returns some of the names, and how many more there are."""
    names = list(names)
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


@dataclasses.dataclass
class ExplodingTensor(Rule):
    """The loss, a gradient or a weight that is no finite number."""

    name = "exploding_tensor"
    remembers = ("_last", "_found")

    def begin(self, facts: Facts) -> str | None:
        self._facts, self._last, self._found = facts, (0, math.nan, math.nan), False
        return None

    def steps(self, steps: Steps) -> Iterable[Found]:
        whole = np.isfinite(steps.squares)
        broken = ~whole.all(axis=1) | ~np.isfinite(steps.losses)
        first = int(broken.argmax()) if broken.any() else len(broken)
        if first:
            place = first - 1
            norm = float(steps.norms[place])
            self._last = int(steps.numbers[place]), float(steps.losses[place]), norm
        if first == len(broken) or self._found:
            return
        self._found = True
        names = [self._facts.variables[place] for place in np.flatnonzero(~whole[first])]
        what = f"the gradient of {some(names)}" if names else "the loss"
        before = "it is the first step"
        if self._last[0]:
            number, loss, norm = self._last
            before = f"at step {number} the loss was {loss:.4g}, the gradients' norm {norm:.3g}"
        yield Found(
            names[0] if names else "loss",
            f"{what} is not finite; {before}",
            "a lower training.learning_rate, or training.precision=float32",
            int(steps.numbers[first]),
        )

    def weights(self, weights: Weights) -> Iterable[Found]:
        broken = np.flatnonzero(~np.isfinite(weights.squares))
        if not len(broken) or self._found:
            return
        self._found = True
        names = [self._facts.variables[place] for place in broken]
        yield Found(
            names[0],
            f"the weights of {some(names)} hold what is no finite number",
            "another encoder" if weights.step == 0 else "a lower training.learning_rate",
            weights.step,
        )


class _Lasting(Rule):
    """Something that gradients are for many steps in a row."""

    # Of these a subclass has fields.
    patience: int
    remembers = ("_streak",)

    def begin(self, facts: Facts) -> str | None:
        self._facts = facts
        # What a softmax does not see, such as the bias of keys or of where an answer begins, has a
        # gradient of 0 or of the noise of rounding; and no layer is dead if its matrix learns.
        self._judged = np.array([len(shape) > 1 for shape in facts.shapes], bool)
        self._streak = np.zeros(len(facts.variables), np.int64)
        return None

    def _lasting(self, wrong: np.ndarray, present: np.ndarray) -> list[str]:
        """Names of those that became wrong for long enough; a step without a gradient is none."""
        reached = np.zeros(len(self._streak), bool)
        for now, there in zip(wrong, present, strict=True):
            self._streak = np.where(there, np.where(now, self._streak + 1, 0), self._streak)
            reached |= there & now & (self._streak == self.patience)
        return [self._facts.variables[place] for place in np.flatnonzero(reached & self._judged)]


@dataclasses.dataclass
class VanishingGradient(_Lasting):
    """The root mean square of a gradient that stays below a threshold, but is not 0."""

    name = "vanishing_gradient"
    threshold: float = 1e-7
    patience: int = 10

    def steps(self, steps: Steps) -> Iterable[Found]:
        present = (steps.elements > 0) & (steps.squares > 0)
        mean = np.sqrt(steps.squares / np.maximum(steps.elements, 1))
        names = self._lasting(mean < self.threshold, present)
        if names:
            yield Found(
                names[0],
                f"the gradient of {some(names)} has been below {self.threshold:g} for "
                f"{self.patience} steps",
                "training.precision=float32, or another activation or initialization below it",
            )


@dataclasses.dataclass
class AllZero(_Lasting):
    """A gradient, or a matrix of weights, of nothing but zeros."""

    name = "all_zero"
    patience: int = 10

    def steps(self, steps: Steps) -> Iterable[Found]:
        names = self._lasting(steps.squares == 0, steps.elements > 0)
        if names:
            yield Found(
                names[0],
                f"the gradient of {some(names)} has been 0 for {self.patience} steps, so it does "
                "not learn",
                "to find out which layer above it is dead, such as one whose units never fire or "
                "whose weights are all 0",
            )


@dataclasses.dataclass
class DeadUnits(_Lasting):
    """A layer of which most units do not learn: the gradient of their biases is exactly 0.

    That is so of a unit of ReLU that fires for no text of a batch. One of GELU always has some
    gradient, and of whole layers `all_zero` tells.
    """

    name = "dead_units"
    share: float = 0.5
    units: int = 8
    patience: int = 10

    def begin(self, facts: Facts) -> str | None:
        super().begin(facts)
        # Of two or three units one may well be idle, as of a class without a text in a batch.
        sizes = [shape[0] if len(shape) == 1 else 0 for shape in facts.shapes]
        self._judged = np.array(sizes) >= self.units
        return None if self._judged.any() else f"no layer has a bias of {self.units} units"

    def steps(self, steps: Steps) -> Iterable[Found]:
        whole = steps.squares == 0
        dead = (steps.zeros > self.share * np.maximum(steps.elements, 1)) & ~whole
        names = self._lasting(dead, steps.elements > 0)
        if names:
            place = list(self._facts.variables).index(names[0])
            share = steps.zeros[-1, place] / steps.elements[-1, place]
            yield Found(
                names[0],
                f"{share:.0%} of the units of {some(names)} had no gradient for {self.patience} "
                "steps",
                "a lower training.learning_rate, or an activation without a dead zone such as GELU",
            )


@dataclasses.dataclass
class GradientNorm(Rule):
    """A norm of all gradients that stays far above its running median.

    A single step is clipped, and where next to all is learnt a text that is not has such a norm;
    now and then two such steps follow each other.
    """

    name = "gradient_norm"
    remembers = ("_norms", "_streak")
    factor: float = 10.0
    window: int = 100
    start: int = 20
    patience: int = 3

    def begin(self, facts: Facts) -> str | None:
        self._norms: collections.deque[float] = collections.deque(maxlen=self.window)
        self._streak = 0
        if facts.total_steps <= self.start:
            return f"{facts.total_steps} steps are too few for a median of {self.start}"
        return None

    def steps(self, steps: Steps) -> Iterable[Found]:
        for number, norm in zip(steps.numbers, steps.norms, strict=True):
            if not math.isfinite(norm):
                continue
            if len(self._norms) >= self.start:
                median = float(np.median(self._norms))
                self._streak = self._streak + 1 if norm > self.factor * median > 0 else 0
                if self._streak == self.patience:
                    yield Found(
                        "gradients",
                        f"their norm was {norm:.3g}, {norm / median:.0f} times its running median, "
                        f"for {self.patience} steps in a row",
                        "a lower training.learning_rate, or to look at the texts of these steps",
                        int(number),
                    )
            self._norms.append(norm)


@dataclasses.dataclass
class FrozenEncoder(Rule):
    """An encoder that cannot be trained, or gets no gradient at all for a whole epoch."""

    name = "frozen_encoder"
    remembers = ("_seen", "_reached")

    def begin(self, facts: Facts) -> str | None:
        self._facts, self._seen, self._reached = facts, 0, False
        if facts.encoder is None:
            return "there is no encoder"
        return None

    def steps(self, steps: Steps) -> Iterable[Found]:
        if self._reached:
            return
        mine = steps.elements[:, list(self._facts.encoder or ())]
        if mine.any():
            self._reached = True
            return
        self._seen += int((steps.numbers > self._facts.head_steps).sum())
        # Without trainable variables there is nothing to wait for.
        if not self._facts.encoder or self._seen >= self._facts.steps_per_epoch:
            self._reached = True
            yield Found(
                "encoder",
                "no weight of the encoder has a gradient: it is frozen",
                "encoder.trainable = True, and no stop_gradient on what it gives",
            )
