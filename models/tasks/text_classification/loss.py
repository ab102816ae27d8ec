"""Cross-entropy over the grades."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import tensorflow as tf

from .targets import GRADE


class GradeLoss:
    """Cross-entropy of the grades' logits, the mean over the texts.

    A text of several grades counts as much as its shares of them, one by one, would count.

    Args:
        weights: How much a text of each grade counts, float32 [grades].
        label_smoothing: Share of the target spread over all grades.
    """

    def __init__(self, weights: np.ndarray, label_smoothing: float = 0.0):
        self._weights = np.asarray(weights, np.float32)
        self._smoothing = label_smoothing

    def __call__(self, outputs: tf.Tensor, targets: Mapping[str, tf.Tensor]) -> tf.Tensor:
        """The sum of the losses of some texts.

        Args:
            outputs: Logits of the grades, float32 [batch, grades].
            targets: `grade`: the share of each grade, float32 [batch, grades].
        """
        weighted = targets[GRADE] * self._weights
        weights = tf.reduce_sum(weighted, axis=1)
        wanted = tf.math.divide_no_nan(weighted, weights[:, None])
        wanted = (1 - self._smoothing) * wanted + self._smoothing / len(self._weights)
        losses = tf.nn.softmax_cross_entropy_with_logits(wanted, outputs)
        return tf.reduce_sum(losses * weights)

    def count(self, targets: Mapping[str, tf.Tensor]) -> tf.Tensor:
        """How many texts a batch has.

        Args:
            targets: `grade`: float32 [batch, grades].
        """
        return tf.cast(tf.shape(targets[GRADE])[0], tf.float32)
