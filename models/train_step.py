"""One step of fine-tuning: forward, backward, update, as one graph."""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf

from .scoring import INPUT_SIGNATURE


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

    Attributes:
        loss_sum: Sum of the losses of all steps since it was last set to zero.
    """

    def __init__(
        self,
        classifier: keras.Model,
        optimizer: keras.optimizers.Optimizer,
        grade_weights: np.ndarray,
        label_smoothing: float = 0.0,
    ):
        # A tf.Variable: whatever interrupts the loop, it is in step with the weights.
        self.loss_sum = tf.Variable(0.0, trainable=False, name="loss_sum")
        variables = classifier.trainable_variables
        optimizer.build(variables)
        weights = tf.constant(grade_weights, tf.float32)

        @tf.function(input_signature=[INPUT_SIGNATURE, tf.TensorSpec([None], tf.int32)])
        def step(inputs, grades):
            with tf.GradientTape() as tape:
                logits = classifier.grade_logits(inputs, training=True)
                targets = tf.one_hot(grades, len(grade_weights))
                targets = (1 - label_smoothing) * targets + label_smoothing / len(grade_weights)
                losses = tf.nn.softmax_cross_entropy_with_logits(targets, logits)
                loss = tf.reduce_mean(losses * tf.gather(weights, grades))
            optimizer.apply(tape.gradient(loss, variables), variables)
            self.loss_sum.assign_add(loss)

        self._step = step

    def __call__(self, inputs: dict[str, np.ndarray], grades: np.ndarray) -> None:
        """Moves the weights by one step.

        Args:
            inputs: `input_word_ids`, `input_mask`, `input_type_ids`, int32 [batch, width].
            grades: Grade of each review, int32 [batch].
        """
        self._step(inputs, grades)
