"""Cross-entropy over where an answer begins and ends."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import tensorflow as tf

from .targets import ANSWERED, ANSWERS, HERE, NOWHERE

# Far below any logit.
_IMPOSSIBLE = -1e9


class SpanLoss:
    """Cross-entropy of where the answer begins and of where it ends; the mean of the two.

    Of each row the tokens of the text compete, and its first token, which is right where the row
    has not all of the answer.

    Args:
        weights: How much a row counts that has no answer, and one that has it, float32 [2].
        label_smoothing: Share of the target spread over all tokens that compete.
    """

    def __init__(self, weights: np.ndarray, label_smoothing: float = 0.0):
        self._weights = np.asarray(weights, np.float32)
        self._smoothing = label_smoothing

    def __call__(self, outputs: tf.Tensor, targets: Mapping[str, tf.Tensor]) -> tf.Tensor:
        """The sum of the losses of some rows.

        Args:
            outputs: Logits of start and end, float32 [batch, width, 2].
            targets: `answers`: int32 [batch, width]; `answered`: int32 [batch].
        """
        answers, here = targets[ANSWERS], targets[ANSWERED] == HERE
        width = tf.shape(answers)[1]
        compete = (answers != NOWHERE) | (tf.range(width) == 0)
        right = here[:, None] & (answers > 0) & (answers % 2 == 1)
        first = tf.argmax(right, axis=1, output_type=tf.int32)
        # Of equal ones argmax gives the first, which here is the last.
        last = width - 1 - tf.argmax(right[:, ::-1], axis=1, output_type=tf.int32)
        wanted = tf.one_hot(tf.stack([first, tf.where(here, last, 0)], axis=1), width, axis=1)
        spread = tf.cast(compete, tf.float32)[:, :, None]
        spread /= tf.reduce_sum(spread, axis=1, keepdims=True)
        wanted = (1 - self._smoothing) * wanted + self._smoothing * spread
        logits = tf.where(compete[:, :, None], outputs, _IMPOSSIBLE)
        losses = tf.nn.softmax_cross_entropy_with_logits(wanted, logits, axis=1)
        weights = tf.gather(self._weights, tf.cast(here, tf.int32))
        return tf.reduce_sum(tf.reduce_mean(losses, axis=1) * weights)

    def count(self, targets: Mapping[str, tf.Tensor]) -> tf.Tensor:
        """How many rows a batch has.

        Args:
            targets: `answered`: int32 [batch].
        """
        return tf.cast(tf.size(targets[ANSWERED]), tf.float32)
