"""The rules for whoever trains with `keras.Model.fit`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from ...rules.finding import Finding
from ...rules.rule import Facts, Steps, Weights
from ...settings import DebugSettings
from ..gradients import gradient_statistics
from ..watching import ELEMENTS, SQUARES, ZEROS, StopTraining
from .judging import Judge
from .sampling import WeightSampler


class DebugCallback(keras.callbacks.Callback):
    """Watches the `fit` of any model by the rules, gradients included.

    Keras shows a callback no gradients: they live and die in the model's step. So the callback
    puts itself before `optimizer.apply` while the fit goes on, and has the step traced anew: what
    the optimizer is given, whoever computed it, leaves its sums of squares in a small variable
    that is read every few steps. That needs TensorFlow's backend and one optimizer, and sees
    nothing of a model with `run_eagerly` that never calls `apply`.

    Rules that need to know the texts, the encoder or the clock say that they were not asked. A rule
    whose action is `stop` sets `model.stop_training`; the weights are those of that moment, as
    of any fit, unless another callback brings better ones back.

    Args:
        rules: As `debug.rules` of the configuration: by name the parameters and the `action`.
        every: Steps between two looks of the rules.

    Attributes:
        findings: What was found.

    Raises:
        ValueError: A rule or one of its parameters is unknown.
        ValueError: The fit begins with a model that has no weights yet.

    Example:
        >>> model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> watching = DebugCallback({"gradient_norm": {"factor": 20}})
        >>> history = model.fit(np.ones([8, 2]), np.ones(8), verbose=0, callbacks=[watching])
        >>> watching.findings
        ()
    """

    def __init__(
        self,
        rules: Mapping[str, Mapping[str, int | float | str]] | None = None,
        every: int = 10,
    ):
        super().__init__()
        settings = DebugSettings(rules=rules or {}, every=every)
        for key, problem in settings.problems():
            raise ValueError(f"{key} {problem}")
        self._judge = Judge(settings)
        self._every = every

    @property
    def findings(self) -> Sequence[Finding]:
        """What was found."""
        return tuple(self._judge.findings)

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        """Puts itself before the optimizer."""
        steps, epochs = self.params.get("steps") or 0, self.params.get("epochs") or 1
        variables = self.model.trainable_variables
        if not variables:
            raise ValueError("the model has no weights yet: begin it with a keras.Input")
        self._judge.begin(
            Facts(
                variables=[variable.path for variable in variables],
                shapes=[tuple(variable.shape) for variable in variables],
                total_steps=steps * epochs,
                steps_per_epoch=steps,
            )
        )
        self._done, self._mean, self._in_epoch = 0, 0.0, 0
        self._losses: list[float] = []
        self._epoch = 1
        self._sampler = WeightSampler(variables)
        squares, samples = self._sampler()
        self._before: list[np.ndarray] | None = samples
        # What the last few steps left; read only when rules are asked.
        self._seen = tf.Variable(tf.zeros([self._every, len(variables), 3]), trainable=False)
        self._count = tf.Variable(0, trainable=False, dtype=tf.int32)
        optimizer = self.model.optimizer
        self._apply = optimizer.apply
        optimizer.apply = self._applied
        self.model.make_train_function(force=True)
        self._asked(lambda: self._judge.weights(Weights(0, squares, samples), 1))

    def on_train_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Keeps the loss; asks the rules when it is time."""
        # Keras tells the mean of the epoch so far.
        mean = float((logs or {}).get("loss", np.nan))
        self._in_epoch += 1
        self._losses.append(mean * self._in_epoch - self._mean * (self._in_epoch - 1))
        self._mean, self._done = mean, self._done + 1
        if self._before is not None:
            squares, samples = self._sampler()
            before, self._before = self._before, None
            seen = Weights(self._done, squares, samples, before)
            self._asked(lambda: self._judge.weights(seen, self._epoch))
        if len(self._losses) == self._every:
            self._judge_steps()
            self._before = self._sampler()[1]

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Begins another mean of the losses."""
        self._epoch, self._in_epoch, self._mean = epoch + 1, 0, 0.0

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Asks the rules about the epoch; `val_loss` is their eval loss."""
        self._judge_steps()
        logs = logs or {}
        figures = {"loss": float(logs.get("loss", np.nan))}
        if "val_loss" in logs:
            figures["log_loss"] = float(logs["val_loss"])
        self._asked(lambda: self._judge.epoch(epoch + 1, figures, self._done))

    def on_train_end(self, logs: Mapping[str, Any] | None = None) -> None:
        """Leaves the optimizer as it was."""
        self._judge_steps()
        del self.model.optimizer.apply
        self.model.make_train_function(force=True)

    def _applied(self, grads, trainable_variables=None):
        """What stands before the optimizer: what it is given, it gets."""
        variables = trainable_variables
        if variables is None:
            variables = self.model.optimizer._trainable_variables
        seen = gradient_statistics(grads, variables, self.model.trainable_variables)
        place = self._count % self._every
        self._seen.scatter_nd_update([[place]], seen[tf.newaxis])
        self._count.assign_add(1)
        return self._apply(grads, trainable_variables)

    def _judge_steps(self) -> None:
        losses, self._losses = self._losses, []
        if not losses:
            return
        count = int(self._count)
        places = np.arange(count - len(losses), count) % self._every
        statistics = self._seen.numpy()[places].astype(np.float64)
        nothing = np.zeros(len(losses))
        steps = Steps(
            numbers=np.arange(self._done - len(losses), self._done) + 1,
            losses=np.array(losses),
            squares=statistics[:, :, SQUARES],
            elements=statistics[:, :, ELEMENTS],
            zeros=statistics[:, :, ZEROS],
            widths=nothing.astype(np.int64),
            rows=nothing.astype(np.int64),
            tokens=nothing.astype(np.int64),
            seconds=nothing,
        )
        self._asked(lambda: self._judge.steps(steps, self._epoch))

    def _asked(self, ask: Callable[[], None]) -> None:
        try:
            ask()
        except StopTraining:
            self.model.stop_training = True
