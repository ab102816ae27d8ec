"""What a training asks of what is learnt, answered for tasks by what they decide."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import numpy as np
import tensorflow as tf

from ..rules.losses import RECALL
from ..tasks.base import Drawn, Measured, Objective, Task, Texts


class Deciding:
    """A task as a training sees it: nothing is drawn, and its decision is judged.

    Args:
        task: What is learnt.

    Example:
        >>> Deciding(TextClassification(("bad", "good"))).unit
        'reviews'
    """

    unit = "reviews"

    def __init__(self, task: Task):
        self._task = task

    def drawing(self, model: Any) -> Drawn:
        """Leaves inputs and targets as they are."""

        def draw(
            inputs: Mapping[str, tf.Tensor], targets: Mapping[str, tf.Tensor], seed: tf.Tensor
        ):
            return inputs, targets

        return draw

    def scored(self, model: Any) -> Any:
        """The model itself."""
        return model

    def measure(self, outputs: np.ndarray, texts: Texts) -> Measured:
        """The task's figures, numbers all of them, of the decision that is fitted to the outputs.

        Where the task tells classes apart, the recall of each that has texts is among them.

        Args:
            outputs: The model's.
            texts: Those the outputs are of.
        """
        decision = self._task.fit_decision(outputs, texts)
        figures = self._task.evaluate(outputs, texts, decision)
        told = {name: value for name, value in figures.items() if isinstance(value, (int, float))}
        classes = figures.get("per_class", {})
        recalls = {
            f"{RECALL}{name}": facts["recall"]
            for name, facts in classes.items()
            if facts["support"]
        }
        losses = getattr(self._task, "losses", None)
        each = losses(outputs, texts, decision) if losses else None
        return Measured(told | recalls, each)


def objective_of(task: Task | Objective) -> Deciding | Objective:
    """What a training asks of a task.

    Args:
        task: One that decides, or that says itself what a training asks.
    """
    if hasattr(task, "measure"):
        return cast(Objective, task)
    return Deciding(task)
