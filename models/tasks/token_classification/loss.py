"""Cross-entropy over the tags."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import tensorflow as tf

from .targets import TAG


class TagLoss:
    """Cross-entropy of the tags' logits, the mean over the tokens whose tag is learnt.

    Args:
        weights: How much a token of each tag counts, float32 [tags].
        label_smoothing: Share of the target spread over all tags.
    """

    def __init__(self, weights: np.ndarray, label_smoothing: float = 0.0):
        self._weights = np.asarray(weights, np.float32)
        self._smoothing = label_smoothing

    def __call__(self, outputs: tf.Tensor, targets: Mapping[str, tf.Tensor]) -> tf.Tensor:
        """The sum of the losses of some texts.

        Args:
            outputs: Logits of the tags, float32 [batch, width, tags].
            targets: `tag`: int32 [batch, width], -1 where none is learnt.
        """
        tags, count = targets[TAG], len(self._weights)
        spread = self._smoothing / count
        wanted = tf.one_hot(tags, count, on_value=1 - self._smoothing + spread, off_value=spread)
        losses = tf.nn.softmax_cross_entropy_with_logits(wanted, outputs)
        weights = tf.gather(self._weights, tf.maximum(tags, 0))
        return tf.reduce_sum(losses * tf.where(tags >= 0, weights, 0))

    def count(self, targets: Mapping[str, tf.Tensor]) -> tf.Tensor:
        """How many tokens of a batch have a tag that is learnt, at least one.

        Args:
            targets: `tag`: int32 [batch, width].
        """
        learnt = tf.reduce_sum(tf.cast(targets[TAG] >= 0, tf.float32))
        return tf.maximum(learnt, 1.0)
