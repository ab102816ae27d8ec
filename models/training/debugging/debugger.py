"""Watches a training by the rules."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from ...rules.rule import Facts, Reading, Steps, Weights
from ...rules.time import StalledTraining
from ...settings import DebugSettings
from ...tasks.text_classification.targets import classes_of
from ..tokenized import TokenizedTexts
from ..watching import ELEMENTS, SQUARES, ZEROS, StepSeen, Watched, Watcher
from .judging import Judge
from .sampling import WeightSampler
from .stalling import StallClock


class Debugger(Watcher):
    """Judges a training by rules, every few steps and after each epoch.

    What the step computes anyway stays on the device until it is judged, so nothing waits for a
    step on its own; of the weights, some numbers of each variable are looked at then, and once
    more a step later.

    Args:
        settings: Which rules there are, and how often they are asked.
        reading: How much is read of the texts, where that is known.

    Example:
        >>> debugger = Debugger(DebugSettings(rules={"overfit": {"action": "stop"}}))
        >>> task = TextClassification(("negative", "neutral", "positive"))
        >>> splits = training, evaluation
        >>> record = train(classifier, *splits, settings, task=task, watchers=[debugger])
        >>> record.watched["rules"]["rules"]["exploding_tensor"]["findings"]
        0
    """

    name = "rules"

    def __init__(self, settings: DebugSettings | None = None, reading: Reading | None = None):
        self._settings = settings or DebugSettings()
        self._reading = reading or Reading()
        self._judge = Judge(self._settings)
        self._pending: list[StepSeen] = []
        # Of a training that is gone on with, those that were not judged yet.
        self._former: Steps | None = None
        self._clock: StallClock | None = None
        self._step, self._epoch = 0, 1

    def tell_findings(self, hear: Callable[[str, int, str], None]) -> None:
        """Is given who else wants to know what the rules find."""
        self._judge.hear = hear

    def begin(self, watched: Watched) -> None:
        """Takes up what is trained; looks at its weights before the very first step."""
        model = watched.model
        self._step = watched.steps_done
        self._sampler = WeightSampler(model.trainable_variables)
        facts = Facts(
            variables=watched.variables,
            shapes=[tuple(one.shape) for one in model.trainable_variables],
            encoder=_encoder_places(model),
            total_steps=watched.total_steps,
            steps_per_epoch=watched.steps_per_epoch,
            classes=_classes(watched.training, watched.task),
            eval_classes=_classes(watched.evaluation, watched.task),
            head_steps=watched.head_steps,
            reading=self._reading,
        )
        self._judge.begin(facts)
        rule = self._judge.rule(StalledTraining.name)
        if isinstance(rule, StalledTraining):
            self._clock = StallClock(rule.seconds, self._stalled)
            self._clock.start()
        self._before: list[np.ndarray] | None = None
        if self._step % self._settings.every == 0:
            squares, self._before = self._sampler()
            if self._step == 0:
                self._judge.facts(facts)
                self._judge.weights(Weights(0, squares, self._before), self._epoch)

    def resume(self, told: Mapping[str, Any]) -> None:
        """Takes up what was found before."""
        self._judge.resume(told)

    def state(self) -> dict[str, Any]:
        """What the rules remember, and the steps that they have not judged yet."""
        pending = self._steps()
        steps = pending and {name: of.tolist() for name, of in vars(pending).items()}
        return {"rules": self._judge.state(), "pending": steps}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Has the rules remember what they did."""
        self._judge.restore(state["rules"])
        if pending := state["pending"]:
            self._former = Steps(**{name: np.array(of) for name, of in pending.items()})

    @contextlib.contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Tells the clock what the training is at."""
        self._beat(name)
        try:
            yield
        finally:
            self._beat("what comes between")

    def step(self, seen: StepSeen) -> None:
        """Keeps a step; judges when enough of them are there."""
        self._judge.due()
        self._step, self._epoch = seen.number, seen.epoch
        self._pending.append(seen)
        every = self._settings.every
        if self._before is not None:
            squares, samples = self._sampler()
            before, self._before = self._before, None
            self._judge.weights(Weights(seen.number, squares, samples, before), seen.epoch)
        if seen.number % every == 0:
            self._judge_steps()
            self._before = self._sampler()[1]

    def epoch(self, number: int, figures: Mapping[str, float]) -> None:
        """Judges what is left of the epoch, and its figures."""
        self._judge_steps()
        self._judge.epoch(number, figures, self._step)

    def told(self) -> dict[str, Any]:
        """The findings, and how often each rule was asked."""
        return self._judge.told()

    def end(self) -> None:
        """Judges what is left, where a training has failed on the way; ends nothing."""
        if self._clock is not None:
            self._clock.stop()
        self._judge_steps(ends=True)

    def _judge_steps(self, ends: bool = False) -> None:
        steps = self._steps()
        self._pending, self._former = [], None
        if steps is not None:
            self._judge.steps(steps, self._epoch, ends)

    def _steps(self) -> Steps | None:
        """Those that are to be judged; None without any. Waits for the device."""
        pending = self._pending
        if not pending:
            return self._former
        statistics = tf.stack([seen.statistics for seen in pending]).numpy().astype(np.float64)
        losses = tf.stack([seen.loss for seen in pending]).numpy().astype(np.float64)
        steps = Steps(
            numbers=np.array([seen.number for seen in pending]),
            losses=losses,
            squares=statistics[:, :, SQUARES],
            elements=statistics[:, :, ELEMENTS],
            zeros=statistics[:, :, ZEROS],
            widths=np.array([seen.width for seen in pending]),
            rows=np.array([len(seen.rows) for seen in pending]),
            tokens=np.array([seen.tokens for seen in pending]),
            seconds=np.array([seen.seconds for seen in pending]),
        )
        return steps if self._former is None else steps.after(self._former)

    def _beat(self, at: str) -> None:
        if self._clock is not None:
            self._clock.beat(at)

    def _stalled(self, at: str) -> None:
        rule = self._judge.rule(StalledTraining.name)
        if isinstance(rule, StalledTraining):
            found = rule.found(at)
            self._judge.found(rule.name, found, self._step, self._epoch, later=True)


def _encoder_places(model: Any) -> list[int] | None:
    """Where the variables of the encoder are; none of a frozen one."""
    encoder = getattr(model, "encoder", None)
    if encoder is None:
        return None
    own = {id(variable) for variable in encoder.weights}
    places = enumerate(model.trainable_variables)
    return [place for place, variable in places if id(variable) in own]


def _classes(texts: TokenizedTexts, task: Any) -> np.ndarray | None:
    """How many texts each class has, where each has one; its likeliest, where it has several."""
    grades = getattr(task, "grades", None)
    if grades is None or not len(texts):
        return None
    return np.bincount(classes_of(texts, grades), minlength=max(grades) + 1)
