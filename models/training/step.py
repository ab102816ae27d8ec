"""One step of fine-tuning: forward, backward, update, as one graph."""

from __future__ import annotations

from collections.abc import Mapping

import keras
import numpy as np
import tensorflow as tf

from ..graph_function import graph_function
from ..tasks.base import Loss, Objective, Task
from .gradients import gradient_statistics
from .objective import objective_of


class TrainStep:
    """Trains a model on one batch per call.

    Args:
        task: Says what the loss compares with what.
        model: That of the task.
        optimizer: Has or will have a slot for each trainable variable.
        loss: What is made small.
        micro_batch: Texts that go through the model at a time, whose gradients are added up:
            the fewer, the less memory. None for all at once.
        seed: Of what is drawn for each step; together with its number it decides that.

    Attributes:
        loss_sum: Sum of the losses of all steps since it was last set to zero.
    """

    def __init__(
        self,
        task: Task | Objective,
        model: keras.Model,
        optimizer: keras.optimizers.Optimizer,
        loss: Loss,
        micro_batch: int | None = None,
        seed: int = 0,
    ):
        # A tf.Variable: whatever interrupts the loop, it is in step with the weights.
        self.loss_sum = tf.Variable(0.0, trainable=False, name="loss_sum")
        optimizer.build(model.trainable_variables)
        draw = objective_of(task).drawing(model)
        targets_signature = {name: one.signature(name) for name, one in task.targets.items()}
        signatures = [model.encoder.inputs.signature(), targets_signature]

        def moving(variables):
            """A step that moves some of the variables."""

            def differentiate(inputs, targets, count):
                """What some texts add to the mean loss of a batch, and to its gradients."""
                with tf.GradientTape() as tape:
                    total = loss(task.training_outputs(model, inputs), targets) / count
                return total, tape.gradient(total, variables)

            @graph_function(input_signature=signatures)
            def step(inputs, targets):
                number = tf.cast(optimizer.iterations, tf.int64)
                inputs, targets = draw(inputs, targets, tf.stack([seed, number]))
                count = loss.count(targets)
                if micro_batch is None:
                    mean, gradients = differentiate(inputs, targets, count)
                    clock = tf.stack([_time_of(mean), _time_of(gradients)])
                else:
                    mean, gradients = _add_up(differentiate, inputs, targets, count, micro_batch)
                    clock = tf.zeros([2], tf.float64)
                seen = gradient_statistics(gradients, variables, model.trainable_variables)
                optimizer.apply(gradients, variables)
                self.loss_sum.assign_add(mean)
                return mean, seen, clock

            return step

        encoder = {id(variable) for variable in model.encoder.trainable_variables}
        heads = [one for one in model.trainable_variables if id(one) not in encoder]
        self._step, self._head_step = moving(model.trainable_variables), moving(heads)

    def __call__(
        self,
        inputs: Mapping[str, np.ndarray],
        targets: Mapping[str, np.ndarray],
        head_only: bool = False,
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """Moves the weights by one step.

        Args:
            inputs: The encoder's, as `pad_batch` makes them, int32 [batch, width].
            targets: The task's, as `pad_targets` makes them.
            head_only: Whether the encoder stays as it is, and only what is on it is moved.

        Returns:
            The loss of the batch, and what `watching.StepSeen` has as `statistics` and `clock`.
        """
        return (self._head_step if head_only else self._step)(inputs, targets)


def _time_of(tensors):
    """When all of them were there."""
    there = [one for one in tf.nest.flatten(tensors, expand_composites=True) if one is not None]
    with tf.control_dependencies(there):
        return tf.timestamp()


def _add_up(differentiate, inputs, targets, count, size):
    """Loss and gradients of a batch, so many texts at a time."""
    rows = tf.shape(next(iter(inputs.values())))[0]

    def part(start):
        some = {name: values[start : start + size] for name, values in inputs.items()}
        wanted = {name: values[start : start + size] for name, values in targets.items()}
        return differentiate(some, wanted, count)

    # The first part tells which variables have a gradient, and which a sparse one.
    loss, gradients = part(0)
    used = [index for index, gradient in enumerate(gradients) if gradient is not None]
    sums = [gradients[index] for index in used]

    def add(start, loss, sums):
        more_loss, more = part(start)
        added = [_add(one, more[index]) for one, index in zip(sums, used, strict=True)]
        return start + size, loss + more_loss, added

    # Otherwise the second part would begin, and take its memory, before the first one has ended.
    with tf.control_dependencies([loss, *tf.nest.flatten(sums, expand_composites=True)]):
        start = tf.constant(size)
    free = [_any_rows(one) for one in sums]
    _, loss, sums = tf.while_loop(
        lambda start, loss, sums: start < rows,
        add,
        (start, loss, sums),
        shape_invariants=(start.shape, loss.shape, free),
        parallel_iterations=1,
    )
    for index, total in zip(used, sums, strict=True):
        gradients[index] = total
    return loss, gradients


def _add(one, other):
    """The sum of two gradients; the rows of sparse ones are only put together."""
    if not isinstance(one, tf.IndexedSlices):
        return one + other
    return tf.IndexedSlices(
        tf.concat([one.values, other.values], 0),
        tf.concat([one.indices, other.indices], 0),
        one.dense_shape,
    )


def _any_rows(gradient):
    """The shape of a gradient in a loop: a sparse one grows."""
    shape = gradient.shape
    if isinstance(gradient, tf.IndexedSlices):
        shape = tf.TensorShape([None, *gradient.values.shape[1:]])
    return shape
