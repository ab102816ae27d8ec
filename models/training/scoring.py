"""Logits of many tokenized reviews."""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf

from .batching import pad_batch, sorted_batches
from .tokenized import TokenizedReviews


class Scorer:
    """Computes logits with a classifier; traces it once and follows its weights.

    Args:
        classifier: Takes the inputs of its `encoder`, gives logits [batch, classes].
        batch_size: Reviews at a time.

    Example:
        >>> Scorer(classifier)(reviews).shape
        (16, 3)
    """

    def __init__(self, classifier: keras.Model, batch_size: int = 64):
        self._classifier = classifier
        self._batch_size = batch_size
        self._inputs = classifier.encoder.inputs
        self._infer = tf.function(
            lambda inputs: classifier(inputs, training=False),
            input_signature=[self._inputs.signature()],
        )

    def __call__(self, reviews: TokenizedReviews) -> np.ndarray:
        """Scores the reviews, those of similar length together.

        Args:
            reviews: Any number of reviews.

        Returns:
            Logits in the order of the reviews, float32 [n, classes].
        """
        logits = np.zeros((len(reviews), self._classifier.num_classes), np.float32)
        for rows in sorted_batches(reviews.lengths, self._batch_size):
            logits[rows] = self._infer(pad_batch(reviews, rows, self._inputs)).numpy()
        return logits
