"""Texts through an encoder and, beside it, through their n-grams."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from .base import TextModel
from .ngrams import NgramModel


class WideModel(tf.Module):
    """An encoder's outputs plus those of an n-gram classifier, weighted; see `TextModel`.

    The shape of "Wide & Deep Learning for Recommender Systems" (Cheng et al., 2016), but for
    the training: both parts have learnt alone, see `models.ngrams.stacking`.

    Args:
        deep: The encoder's part.
        wide: The n-grams' part, of the same outputs.
        weight: How much that counts.

    Example:
        >>> wide = NgramModel(NgramClassifier(NgramSettings(), num_classes=3))
        >>> WideModel(EncoderModel(classifier, tokenizer), wide, 0.5)(tf.constant(["Fits."])).shape
        TensorShape([1, 3])
    """

    def __init__(self, deep: TextModel, wide: NgramModel, weight: float):
        super().__init__(name="wide_model")
        self._deep = deep
        self._wide = wide
        self._weight = weight
        self.tokenizer = deep.tokenizer
        self.files = deep.files

    def __call__(self, text: tf.Tensor) -> tf.Tensor:
        """Logits of the classes.

        Args:
            text: string [batch].

        Returns:
            float32 [batch, classes].
        """
        return self._deep(text) + self._weight * self._wide(text)

    def facts(self) -> dict[str, Any]:
        """Those of the encoder's part, the n-grams' settings, and `wide_weight`."""
        return {**self._wide.facts(), **self._deep.facts(), "wide_weight": self._weight}
