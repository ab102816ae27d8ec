"""The classifier: an encoder, one vector per review, one logit per class."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import tensorflow as tf

from ...encoders.base import Encoder
from ...precision import precision_policy
from ...settings import ModelSettings
from ..building import load_fitting_encoder
from ..encoder_head import EncoderHead
from ..pooling import mean_vectors
from .grades import checked_grades, class_logits


@keras.saving.register_keras_serializable("reviewlens")
class ReviewClassifier(EncoderHead):
    """Turns the word pieces of reviews into class logits.

    A class may be made of several grades, such as positive of 4 and 5 stars. The head then has
    one logit per grade, which training learns from, and the probability of a class is the sum
    of those of its grades: to tell 4 stars from 5 also teaches where 3 stars end.

    Args:
        encoder: As `load_encoder` gives it.
        num_classes: How many classes there are.
        dropout: Share of the review vector's units dropped while training.
        pooling: `mean` takes the mean of all tokens' vectors (Reimers and Gurevych,
            "Sentence-BERT", EMNLP 2019), `first` the encoder's pooled output of the first.
        grades: Class index of each grade; by default each class is one.

    Raises:
        ValueError: A class has no grade, or a grade is of no class.

    Example:
        >>> classifier = ReviewClassifier(encoder, num_classes=3)
        >>> tokens = encoder.tokenizer(max_tokens=128)(["Fits perfectly."])
        >>> classifier(encoder.inputs.pack(tokens)).shape
        TensorShape([1, 3])
    """

    def __init__(
        self,
        encoder: Encoder,
        num_classes: int,
        dropout: float = 0.1,
        pooling: str = "mean",
        grades: Sequence[int] | None = None,
        name: str = "classifier",
        **kwargs,
    ):
        known = checked_grades(grades, num_classes)
        reads_pooled = pooling != "mean"
        super().__init__(encoder, len(known), dropout, name, reads_pooled, **kwargs)
        self.num_classes = num_classes
        self.grades = known
        self.pooling = pooling

    def call(self, inputs: dict[str, tf.Tensor], training: bool | None = None) -> tf.Tensor:
        """Computes the logits.

        Args:
            inputs: Those of the encoder, int32 [batch, width].
            training: Whether dropout is on.

        Returns:
            Logits, float32 [batch, classes].
        """
        return class_logits(self.grade_logits(inputs, training=training), self.grades)

    def grade_logits(self, inputs: dict[str, tf.Tensor], training: bool | None = None) -> tf.Tensor:
        """Computes what training compares with the grades of its reviews.

        Args:
            inputs: See `call`.
            training: Whether dropout is on.

        Returns:
            Logits, float32 [batch, grades].
        """
        outputs = self.encoder(inputs, training=training)
        if self.pooling == "mean":
            vectors = mean_vectors(outputs, inputs["input_mask"])
        else:
            vectors = tf.cast(outputs["pooled_output"], tf.float32)
        return self.head(self.dropout(vectors, training=training))

    def get_config(self) -> dict:
        """The arguments it was made with, the encoder serialised."""
        return {
            **super().get_config(),
            "num_classes": self.num_classes,
            "pooling": self.pooling,
            "grades": self.grades,
        }


def build_classifier(
    encoder: str,
    settings: ModelSettings,
    num_classes: int,
    precision: str,
    grades: Sequence[int] | None = None,
) -> ReviewClassifier:
    """A classifier with the encoder's weights and a fresh head.

    Args:
        encoder: Directory of the encoder, as `fetch_encoder` leaves it.
        settings: How to build on it.
        num_classes: How many classes there are.
        precision: `float32` or `bfloat16`.
        grades: Class index of each grade; by default each class is one.

    Returns:
        The classifier, built.

    Raises:
        RunError: If the encoder reads fewer tokens than `settings.max_tokens`.
    """
    with precision_policy(precision):
        loaded = load_fitting_encoder(encoder, settings)
        return ReviewClassifier(loaded, num_classes, settings.dropout, settings.pooling, grades)
