"""TF-IDF and logistic regression of scikit-learn, as one would write them for reviews."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.pipeline import Pipeline, make_pipeline

# Inverse strengths of the regularisation that are tried; scikit-learn's own is 1.
STRENGTHS = (0.3, 1.0, 3.0, 10.0, 30.0)


def fit_tfidf(
    train: tuple[Sequence[str], Sequence[int]],
    evaluation: tuple[Sequence[str], Sequence[int]],
    *,
    balanced: bool,
) -> Pipeline:
    """Learns from words and pairs of words.

    Args:
        train: Texts and classes.
        evaluation: Texts and classes on which the log loss chooses the regularisation.
        balanced: Whether rare classes weigh as much as frequent ones.

    Returns:
        What predicts from texts.
    """
    words = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
    rows, others = words.fit_transform(train[0]), words.transform(evaluation[0])
    found = []
    for strength in STRENGTHS:
        weights = "balanced" if balanced else None
        model = LogisticRegression(C=strength, class_weight=weights, max_iter=1000)
        model.fit(rows, train[1])
        loss = log_loss(evaluation[1], model.predict_proba(others), labels=model.classes_)
        found.append((loss, strength, model))
    return make_pipeline(words, min(found)[2])


def all_probabilities(model: Pipeline, texts: Sequence[str], classes: int) -> np.ndarray:
    """Probabilities of all classes, also of those that the training split has not, [n, classes]."""
    found = np.zeros((len(texts), classes))
    found[:, model.classes_] = model.predict_proba(texts)
    return found
