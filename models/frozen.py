"""A classifier for inference, its weights constants where that makes it faster."""

from __future__ import annotations

import keras
import tensorflow as tf


class FrozenClassifier:
    """The logits of a classifier that is not trained any more.

    A product of bfloat16 matrices first brings the kernel into the order of the processor's
    units, which takes about as long as the product; oneDNN keeps the result if the kernel is a
    constant. And TensorFlow makes one operation of a norm only where it knows the shapes, which
    those of variables are not. So what is in bfloat16 becomes constants, but for the tables of
    embeddings. Float32 gains nothing by it and stays in variables.

    Args:
        classifier: A `ReviewClassifier`.

    Attributes:
        encoder: That of the classifier, which says what the inputs are.
        variables: Those that are read, by their position in `classifier.weights`.

    Example:
        >>> Scorer(FrozenClassifier(classifier))(reviews).shape
        (16, 3)
    """

    def __init__(self, classifier: keras.Model):
        self.encoder = classifier.encoder
        self._classifier = classifier
        weights = dict(enumerate(classifier.weights))
        self._frozen = {
            index: weight
            for index, weight in weights.items()
            if weight.dtype == "bfloat16" and not _is_table(weight, self.encoder)
        }
        self._values = {index: weight.value.numpy() for index, weight in self._frozen.items()}
        self.variables = {
            index: weight.value for index, weight in weights.items() if index not in self._frozen
        }

    def __call__(self, inputs: dict[str, tf.Tensor], training: bool = False) -> tf.Tensor:
        """Computes the logits, without dropout.

        Args:
            inputs: Those of the encoder, int32 [batch, width].
            training: Has to be False; there for callers of classifiers.

        Returns:
            Logits, float32 [batch, classes].
        """
        constants = [
            (weight, tf.constant(self._values[index], name=f"weight_{index}"))
            for index, weight in self._frozen.items()
        ]
        with keras.StatelessScope(constants):
            return self._classifier(inputs, training=False)


def _is_table(weight: keras.Variable, encoder: keras.layers.Layer) -> bool:
    """Whether a weight of the encoder is a table of embeddings, of which only rows are read."""
    # Of what lies below the blocks, norms do not decay and tables do.
    return encoder.depth_of(weight) == 0 and encoder.is_decayed(weight)
