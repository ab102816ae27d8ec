"""What guesses cost."""

from __future__ import annotations

from collections.abc import Mapping

import tensorflow as tf

from ...layers.compiled_operations import cross_entropy
from .masking import IDS, WEIGHTS
from .model import RANDOM_NEXT

NEXT_WEIGHTS = "next_weights"


class PretrainingLoss:
    """BERT's loss: the mean cross-entropy of the pieces plus that of the pairs.

    The means are over a whole batch, whatever parts it is computed in: the targets have weights
    that are shares of it, see `shares`.
    """

    def __call__(
        self, outputs: Mapping[str, tf.Tensor], targets: Mapping[str, tf.Tensor]
    ) -> tf.Tensor:
        """What some texts add to the loss of a batch.

        Args:
            outputs: As `MaskedLanguageModel.logits` gives them.
            targets: `ids` and `weights` [batch, most] where there are logits of pieces,
                `random_next` and `next_weights` [batch] where there are those of pairs.
        """
        total = tf.constant(0.0)
        if IDS in outputs:
            total += _cost(outputs[IDS], targets[IDS], targets[WEIGHTS])
        if RANDOM_NEXT in outputs:
            total += _cost(outputs[RANDOM_NEXT], targets[RANDOM_NEXT], targets[NEXT_WEIGHTS])
        return total

    def count(self, targets: Mapping[str, tf.Tensor]) -> tf.Tensor:
        """One, as the weights are shares.

        Args:
            targets: Of the batch.
        """
        return tf.constant(1.0)


def shares(weights: tf.Tensor) -> tf.Tensor:
    """Weights whose sum is 1, or which are all 0.

    Args:
        weights: 0 or more.
    """
    return tf.math.divide_no_nan(weights, tf.reduce_sum(weights))


def _cost(logits: tf.Tensor, labels: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
    """Cross-entropy of each, weighted, summed; labels below 0 have no weight."""
    costs = cross_entropy(logits, tf.maximum(tf.reshape(labels, [-1]), 0))
    return tf.reduce_sum(costs * tf.reshape(weights, [-1]))
