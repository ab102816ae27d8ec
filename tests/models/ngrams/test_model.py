from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from reviewlens.models import NgramClassifier, NgramSettings

SETTINGS = NgramSettings(buckets=2**12, characters=(3, 4))
TEXTS = ["Fits perfectly.", "", "b\xff", "It is too small, and it itches!"]


@pytest.fixture
def classifier():
    model = NgramClassifier(SETTINGS, num_classes=3, grades=(0, 0, 1, 2, 2))
    random = np.random.default_rng(1)
    model.set_weights([random.normal(size=w.shape).astype(np.float32) for w in model.weights])
    return model


def test_raw_text_is_answered_by_a_logit_per_class(classifier):
    logits = classifier(classifier.features(TEXTS))

    assert logits.shape == (4, 3) and logits.dtype == tf.float32
    assert np.isfinite(logits).all()


def test_the_probability_of_a_class_is_that_of_its_grades(classifier):
    ids = classifier.features(TEXTS)
    grades = tf.nn.softmax(classifier.grade_logits(ids)).numpy()

    expected = np.stack([grades[:, :2].sum(1), grades[:, 2], grades[:, 3:].sum(1)], 1)
    np.testing.assert_allclose(tf.nn.softmax(classifier(ids)), expected, rtol=1e-5)


def test_many_texts_are_scored_as_few_are(classifier, counted):
    small = NgramClassifier(NgramSettings(buckets=2**14), num_classes=3)
    small.set_weights([np.random.default_rng(1).normal(size=w.shape) for w in small.weights])
    ids = tf.RaggedTensor.from_row_splits(counted.tokens.astype(np.int64), counted.row_splits)

    np.testing.assert_allclose(small.score(counted), small(ids), rtol=1e-5, atol=1e-5)


def test_is_a_keras_part_of_its_own(classifier, tmp_path):
    path = str(tmp_path / "ngrams.weights.h5")
    classifier.save_weights(path)
    config = keras.saving.serialize_keras_object(classifier)

    again = keras.saving.deserialize_keras_object(config)
    again.load_weights(path)

    assert again.settings == SETTINGS and again.grades == classifier.grades
    np.testing.assert_array_equal(
        again(again.features(TEXTS)), classifier(classifier.features(TEXTS))
    )


def test_grades_that_are_of_no_class_are_refused():
    with pytest.raises(ValueError, match="grades"):
        NgramClassifier(SETTINGS, num_classes=3, grades=(0, 2))


def test_is_served_as_it_is_computed_here(classifier, tmp_path):
    module = tf.Module()
    module.classifier = classifier
    module.serve = tf.function(
        lambda texts: classifier(classifier.features(texts)),
        input_signature=[tf.TensorSpec([None], tf.string)],
    )
    tf.saved_model.save(module, str(tmp_path))

    loaded = tf.saved_model.load(str(tmp_path))

    np.testing.assert_array_equal(
        loaded.serve(tf.constant(TEXTS)), module.serve(tf.constant(TEXTS))
    )
