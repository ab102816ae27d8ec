"""Texts through their n-grams."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from ...models.ngrams.model import NgramClassifier


class NgramModel(tf.Module):
    """An n-gram classifier as a graph; see `TextModel`.

    All texts of a request go through it at once: without padding there is nothing to be gained
    by chunks of like length.

    Args:
        classifier: Trained.

    Example:
        >>> classifier = NgramClassifier(NgramSettings(), num_classes=3)
        >>> NgramModel(classifier)(tf.constant(["Fits perfectly."])).shape
        TensorShape([1, 3])
    """

    tokenizer: Any = None
    files: Mapping[str, str] = {}

    def __init__(self, classifier: NgramClassifier):
        super().__init__(name="ngram_model")
        # Not the classifier: Keras would save functions of its own beside the signatures.
        self._infer = lambda text: classifier(classifier.features(text))
        self._settings = classifier.settings
        self._weights = {str(at): weight.value for at, weight in enumerate(classifier.weights)}

    def __call__(self, text: tf.Tensor) -> tf.Tensor:
        """Logits of the classes.

        Args:
            text: string [batch].

        Returns:
            float32 [batch, classes].
        """
        return self._infer(text)

    def facts(self) -> dict[str, Any]:
        """`algorithm` and, as `ngrams`, the settings."""
        return {"algorithm": "ngrams", "ngrams": dataclasses.asdict(self._settings)}
