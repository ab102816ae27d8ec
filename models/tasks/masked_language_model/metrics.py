"""How well texts are guessed."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from ...layers.compiled_operations import cross_entropy
from .masking import IDS, WEIGHTS, TokenMasking
from .model import MLM, NSP, RANDOM_NEXT, MaskedLanguageModel

# That of no training, so that all are judged by the same masks.
_SEED = (0x5EED, 0)
# Columns of what `Guesses` gives: of the masked pieces of a text their cost, how many are right and
# how many there are; the logits of its being one text and two.
COST, HITS, NUMBER, NEXT = 0, 1, 2, slice(3, 5)


class Guesses:
    """A model as `Scorer` takes it, whose outputs are what `pretraining_report` reads.

    Args:
        model: That guesses.
        masking: What is hidden from it; of the same text always the same pieces.

    Attributes:
        encoder: The model's.
    """

    def __init__(self, model: MaskedLanguageModel, masking: TokenMasking | None):
        self.encoder = model.encoder
        self._model = model
        self._masking = masking

    def __call__(self, inputs: dict[str, tf.Tensor], training: bool = False) -> tf.Tensor:
        """Guesses what is hidden.

        Args:
            inputs: The encoder's, int32 [batch, width].
            training: Whether dropout is on.

        Returns:
            Cost, hits and number of the masked pieces, and the two logits of pairs, 0 where there
            are none; float32 [batch, 5].
        """
        columns = [tf.zeros([tf.shape(inputs["input_mask"])[0]])] * 3
        if self._masking is not None:
            inputs = self._masking(inputs, seed=_SEED)
        outputs = self._model.logits(inputs, training=training)
        if IDS in outputs:
            weights, logits = inputs[WEIGHTS], outputs[IDS]
            ids = tf.reshape(inputs[IDS], [-1])
            right = tf.argmax(logits, axis=-1, output_type=tf.int32) == ids
            parts = cross_entropy(logits, ids), tf.cast(right, tf.float32), tf.ones_like(weights)
            shape = tf.shape(weights)
            columns = [tf.reduce_sum(tf.reshape(one, shape) * weights, axis=1) for one in parts]
        pairs = outputs.get(RANDOM_NEXT, tf.stack(columns[:1] * 2, axis=1) * 0)
        return tf.concat([tf.stack(columns, axis=1), pairs], axis=1)


def pretraining_report(
    outputs: np.ndarray, random_next: np.ndarray | None, objectives: Sequence[str]
) -> dict[str, float]:
    """The figures of guesses.

    Args:
        outputs: As `Guesses` gives them, float [n, 5].
        random_next: Of each text 1 if its second part is from elsewhere, 0 if it follows the
            first, -1 if it has none, int [n]; None where no pairs are told.
        objectives: What is told.

    Returns:
        Of `mlm` `mlm_loss`, the mean cross-entropy of the masked pieces, `mlm_accuracy` and
        `perplexity`; of `nsp` `nsp_loss` and `nsp_accuracy`; and `log_loss`, the sum of the
        losses. What there is nothing of is 0, its perplexity 1.

    Example:
        >>> outputs = np.array([[2.0, 1, 2, 0, 1], [4.0, 0, 1, 1, 0]])
        >>> report = pretraining_report(outputs, np.array([1, -1]), ["mlm", "nsp"])
        >>> report["mlm_loss"], report["nsp_accuracy"]
        (2.0, 1.0)
    """
    figures, losses = {}, []
    sums = outputs.astype(np.float64)
    if MLM in objectives:
        number = max(float(sums[:, NUMBER].sum()), 1.0)
        losses.append(float(sums[:, COST].sum()) / number)
        figures["mlm_loss"] = losses[-1]
        figures["mlm_accuracy"] = float(sums[:, HITS].sum()) / number
        figures["perplexity"] = math.exp(min(losses[-1], 700.0))
    if NSP in objectives and random_next is not None:
        told = random_next >= 0
        logits, labels = sums[told, NEXT], random_next[told]
        number = max(int(told.sum()), 1)
        # The logarithm of 1 + e^x, however great x is.
        costs = np.logaddexp(0, np.where(labels == 0, 1, -1) * (logits[:, 1] - logits[:, 0]))
        losses.append(float(costs.sum()) / number)
        figures["nsp_loss"] = losses[-1]
        figures["nsp_accuracy"] = float((logits.argmax(axis=1) == labels).sum()) / number
    return {**figures, "log_loss": sum(losses)}
