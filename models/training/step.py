"""One step of fine-tuning: forward, backward, update, as one graph."""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf


def balanced_class_weights(labels: np.ndarray, num_classes: int) -> np.ndarray:
    """Weights inversely proportional to class frequency, as scikit-learn's `balanced`.

    Args:
        labels: Class indices, int [n].
        num_classes: How many classes there are.

    Returns:
        float32 [num_classes]; their mean over the labels is 1.
    """
    counts = np.bincount(labels, minlength=num_classes)
    return (len(labels) / (num_classes * np.maximum(counts, 1))).astype(np.float32)


class TrainStep:
    """Trains a classifier on one batch per call.

    Args:
        classifier: A `ReviewClassifier`.
        optimizer: Has or will have a slot for each trainable variable.
        grade_weights: How much a review of each grade counts, float32 [grades].
        label_smoothing: Share of the target spread over all grades.
        micro_batch: Reviews that go through the classifier at a time, whose gradients are added
            up: the fewer, the less memory. None for all at once.

    Attributes:
        loss_sum: Sum of the losses of all steps since it was last set to zero.
    """

    def __init__(
        self,
        classifier: keras.Model,
        optimizer: keras.optimizers.Optimizer,
        grade_weights: np.ndarray,
        label_smoothing: float = 0.0,
        micro_batch: int | None = None,
    ):
        # A tf.Variable: whatever interrupts the loop, it is in step with the weights.
        self.loss_sum = tf.Variable(0.0, trainable=False, name="loss_sum")
        variables = classifier.trainable_variables
        optimizer.build(variables)
        weights = tf.constant(grade_weights, tf.float32)

        def differentiate(inputs, grades, count):
            """What some reviews add to the mean loss of `count`, and to its gradients."""
            with tf.GradientTape() as tape:
                logits = classifier.grade_logits(inputs, training=True)
                targets = tf.one_hot(grades, len(grade_weights))
                targets = (1 - label_smoothing) * targets + label_smoothing / len(grade_weights)
                losses = tf.nn.softmax_cross_entropy_with_logits(targets, logits)
                loss = tf.reduce_sum(losses * tf.gather(weights, grades)) / tf.cast(
                    count, tf.float32
                )
            return loss, tape.gradient(loss, variables)

        signature = classifier.encoder.inputs.signature()

        @tf.function(input_signature=[signature, tf.TensorSpec([None], tf.int32)])
        def step(inputs, grades):
            if micro_batch is None:
                loss, gradients = differentiate(inputs, grades, tf.size(grades))
            else:
                loss, gradients = _add_up(differentiate, inputs, grades, micro_batch)
            optimizer.apply(gradients, variables)
            self.loss_sum.assign_add(loss)

        self._step = step

    def __call__(self, inputs: dict[str, np.ndarray], grades: np.ndarray) -> None:
        """Moves the weights by one step.

        Args:
            inputs: Those of the encoder, int32 [batch, width].
            grades: Grade of each review, int32 [batch].
        """
        self._step(inputs, grades)


def _add_up(differentiate, inputs, grades, size):
    """Loss and gradients of a batch, so many reviews at a time."""
    count = tf.size(grades)

    def part(start):
        rows = {name: values[start : start + size] for name, values in inputs.items()}
        return differentiate(rows, grades[start : start + size], count)

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
        lambda start, loss, sums: start < count,
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
