"""Rules that look at the weights every few steps."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterable

import numpy as np

from .finding import Found
from .gradients import some
from .rule import Facts, Rule, Steps, Weights


@dataclasses.dataclass
class WeightUpdateRatio(Rule):
    """A step that moves a matrix by far more than it is large.

    Biases, gains and whatever starts at 0 are moved by more than they are in any training, and so
    is a fresh head on an encoder: of a model that has one, the encoder alone is judged.
    """

    name = "weight_update_ratio"
    remembers = ("_told",)
    large: float = 2.0

    def begin(self, facts: Facts) -> str | None:
        self._facts = facts
        self._told: set[int] = set()
        known = range(len(facts.shapes)) if facts.encoder is None else facts.encoder
        self._matrices = [place for place in known if len(facts.shapes[place]) > 1]
        return None if self._matrices else "the model has no matrices"

    def weights(self, weights: Weights) -> Iterable[Found]:
        if weights.before is None:
            return
        found = {}
        for place in self._matrices:
            old, new = weights.before[place], weights.samples[place]
            length = float(np.linalg.norm(old))
            moved = float(np.linalg.norm(new - old))
            if length > 0 and moved > self.large * length and place not in self._told:
                found[place] = moved / length
        self._told |= set(found)
        if found:
            worst = max(found, key=found.__getitem__)
            names = [self._facts.variables[place] for place in found]
            yield Found(
                self._facts.variables[worst],
                f"one step moved {some(names)} by up to {found[worst]:.3g} times what it was",
                "a lower training.learning_rate",
            )


@dataclasses.dataclass
class UnchangedTensor(Rule):
    """Weights that have a gradient and are not moved.

    Those without one, and tables of which a batch uses some rows only, are exempt.
    """

    name = "unchanged_tensor"
    remembers = ("_same", "_moving", "_last", "_step")
    looks: int = 3

    def begin(self, facts: Facts) -> str | None:
        count = len(facts.variables)
        self._facts, self._same = facts, np.zeros(count, np.int64)
        self._last: list[str] = []
        self._step = -1
        self._whole = np.array([np.prod(shape) for shape in facts.shapes], float)
        self._moving = np.zeros(count, bool)
        return None

    def steps(self, steps: Steps) -> Iterable[Found]:
        given = (steps.elements == self._whole) & (steps.squares > 0)
        self._moving = given.all(axis=0)
        return ()

    def weights(self, weights: Weights) -> Iterable[Found]:
        if weights.step == self._step:
            return
        last, self._last, self._step = self._last, _digests(weights), weights.step
        if not last:
            return
        same = [one == other for one, other in zip(self._last, last, strict=True)]
        self._same = np.where(np.array(same, bool) & self._moving, self._same + 1, 0)
        reached = np.flatnonzero(self._same == self.looks)
        if len(reached):
            names = [self._facts.variables[place] for place in reached]
            yield Found(
                names[0],
                f"{some(names)} has gradients, but has not changed",
                "a higher training.learning_rate or training.layer_decay, or an optimizer that "
                "knows of it",
            )


@dataclasses.dataclass
class ZeroWeights(Rule):
    """A matrix of weights that stays all zeros."""

    name = "zero_weights"
    remembers = ("_seen",)
    looks: int = 3

    def begin(self, facts: Facts) -> str | None:
        self._facts: Facts = facts
        self._seen = np.zeros(len(facts.variables), np.int64)
        return None

    def weights(self, weights: Weights) -> Iterable[Found]:
        names = []
        for place, square in enumerate(weights.squares):
            if len(self._facts.shapes[place]) > 1:
                self._seen[place] = self._seen[place] + 1 if square == 0 else 0
                if self._seen[place] == self.looks:
                    names.append(self._facts.variables[place])
        if names:
            yield Found(
                names[0],
                f"{some(names)} holds nothing but zeros",
                "another initialization",
            )


def _digests(weights: Weights) -> list[str]:
    """What stands for the numbers of each variable, and takes no room in a checkpoint."""
    samples = map(np.ascontiguousarray, weights.samples)
    return [hashlib.blake2b(sample.tobytes(), digest_size=8).hexdigest() for sample in samples]
