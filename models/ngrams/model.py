"""The n-gram classifier: weights of each feature, one for each grade."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf

from ..graph_function import graph_function
from ..tasks.text_classification.grades import checked_grades, class_logits
from ..training.tokenized import TokenizedTexts
from .features import NgramFeatures
from .settings import NgramSettings

# No feature that was trained on has a square below 1.
LEAST = 1.0
# Reviews that `score` computes at a time.
_BATCH = 4096


@keras.saving.register_keras_serializable("reviewlens")
class NgramClassifier(keras.Model):
    """Turns the n-grams of reviews into class logits.

    An n-gram counts by how rare it was among the texts trained on (its inverse document
    frequency), and a text as much as any other, however long it is. N-grams that did not occur
    there count nothing; a text that has no others is answered by the bias, close to the prior.

    Args:
        settings: Its features, and how it is trained.
        num_classes: How many classes there are.
        grades: Class index of each grade; by default each class is one.

    Attributes:
        features: From raw text to ids.
        table: What is looked up of each feature, float32 [buckets, grades + 1].
        bias: float32 [grades].

    Raises:
        ValueError: A class has no grade, or a grade is of no class.

    Example:
        >>> classifier = NgramClassifier(NgramSettings(), num_classes=3)
        >>> classifier(classifier.features(["Fits perfectly."])).shape
        TensorShape([1, 3])
    """

    def __init__(
        self,
        settings: NgramSettings,
        num_classes: int,
        grades: Sequence[int] | None = None,
        name: str = "ngram_classifier",
        **kwargs,
    ):
        super().__init__(name=name, **kwargs)
        self.settings = settings
        self.num_classes = num_classes
        self.grades = checked_grades(grades, num_classes)
        self.features = NgramFeatures(settings)
        # Side by side, so that a feature takes one look into memory: its weights, multiplied by
        # its inverse document frequency, and in the last column the square of that.
        self.table = self.add_weight(
            shape=(settings.buckets, len(self.grades) + 1),
            initializer="zeros",
            dtype="float32",
            name="table",
        )
        self.bias = self.add_weight(
            shape=(len(self.grades),), initializer="zeros", dtype="float32", name="bias"
        )
        ids = tf.TensorSpec([None], tf.int64)
        self._infer = graph_function(self._flat_grade_logits, input_signature=[ids, ids])
        # All of its variables are there: weights can be loaded before it is called.
        self.built = True

    def call(self, ids: tf.RaggedTensor, training: bool | None = None) -> tf.Tensor:
        """Computes the logits.

        Args:
            ids: What `features` gives, ragged int64 [batch, (features)].
            training: Changes nothing.

        Returns:
            Logits, float32 [batch, classes].
        """
        return class_logits(self.grade_logits(ids), self.grades)

    def grade_logits(self, ids: tf.RaggedTensor) -> tf.Tensor:
        """Computes what training compares with the grades of its reviews.

        Args:
            ids: See `call`.

        Returns:
            Logits, float32 [batch, grades].
        """
        sums = tf.raw_ops.SparseSegmentSumWithNumSegments(
            data=self.table.value,
            indices=ids.values,
            segment_ids=ids.value_rowids(),
            num_segments=ids.nrows(),
        )
        return sums[:, :-1] * tf.math.rsqrt(tf.maximum(sums[:, -1:], LEAST)) + self.bias

    def score(self, texts: TokenizedTexts) -> np.ndarray:
        """Computes the logits of many texts.

        Args:
            texts: Their ids as `tokens`.

        Returns:
            Logits in the order of the texts, float32 [n, classes].
        """
        return class_logits(tf.constant(self.score_grades(texts)), self.grades).numpy()

    def score_grades(self, texts: TokenizedTexts) -> np.ndarray:
        """Computes what training compares with the grades of many texts.

        Args:
            texts: See `score`.

        Returns:
            Logits in the order of the texts, float32 [n, grades].
        """
        found = [np.zeros((0, len(self.grades)), np.float32)]
        for start in range(0, len(texts), _BATCH):
            splits = texts.row_splits[start : start + _BATCH + 1]
            values = texts.tokens[splits[0] : splits[-1]].astype(np.int64)
            found.append(self._infer(values, splits - splits[0]).numpy())
        return np.concatenate(found)

    def _flat_grade_logits(self, values: tf.Tensor, splits: tf.Tensor) -> tf.Tensor:
        return self.grade_logits(tf.RaggedTensor.from_row_splits(values, splits, validate=False))

    def get_config(self) -> dict:
        """The arguments it was made with."""
        return {
            "settings": dataclasses.asdict(self.settings),
            "num_classes": self.num_classes,
            "grades": self.grades,
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config: dict) -> NgramClassifier:
        """Makes the classifier that `get_config` described, with fresh weights."""
        return cls(**{**config, "settings": NgramSettings(**config["settings"])})
