from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from reviewlens.models import NgramClassifier, NgramSettings, TextClassification, train_ngrams

TASK = TextClassification(("neither", "not", "good", "both"))
SETTINGS = NgramSettings(buckets=2**14)


@pytest.fixture
def fit(counted):
    def run(**changes):
        model = NgramClassifier(NgramSettings(**{**vars(SETTINGS), **changes}), 4)
        training, evaluation = counted.take(range(1000)), counted.take(range(1000, 1200))
        return model, train_ngrams(model, training, evaluation, TASK), evaluation

    return run


def test_learns_what_words_say(fit):
    model, record, evaluation = fit(dropout=0.0, penalty=0.02)

    decided = model.score(evaluation).argmax(1)
    assert (decided == evaluation.targets["grade"]).mean() > 0.8
    assert record.history[-1]["loss"] < record.history[0]["loss"]
    assert record.examples == 1000 * record.steps > 0 and record.examples_per_second > 0


def test_the_same_input_gives_the_same_weights(fit):
    one, other = fit()[0].get_weights(), fit()[0].get_weights()

    for left, right in zip(one, other, strict=True):
        np.testing.assert_array_equal(left, right)


def test_rows_of_features_that_do_not_occur_stay_untouched(fit, counted):
    table = fit()[0].get_weights()[0]

    unseen = np.setdiff1d(np.arange(len(table)), counted.tokens)
    assert len(unseen) and not table[unseen].any()


def test_texts_without_known_features_are_answered_close_to_the_prior(fit, counted):
    model = fit()[0]

    found = tf.nn.softmax(model(model.features(["", "  ", "\xff" * 3]))).numpy()

    prior = np.bincount(counted.targets["grade"][:1000], minlength=4) / 1000
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_allclose(found[0], prior, atol=0.1)


def test_the_best_epoch_is_kept_and_training_ends_after_it(fit):
    model, record, evaluation = fit(patience=1)

    losses = [epoch["eval_loss"] for epoch in record.history]
    assert record.best_epoch == 1 + int(np.argmin(losses))
    assert len(losses) == min(record.best_epoch + 1, SETTINGS.epochs)
    logits = tf.nn.log_softmax(model.score_grades(evaluation)).numpy()
    kept = -logits[np.arange(len(evaluation)), evaluation.targets["grade"]].mean()
    assert kept == pytest.approx(min(losses), abs=1e-5)


def test_without_an_eval_split_the_last_epoch_is_kept(counted):
    model = NgramClassifier(SETTINGS, 4)

    record = train_ngrams(model, counted, counted.take([]), TASK)

    assert record.best_epoch == len(record.history) == SETTINGS.epochs


def test_nothing_to_train_on_leaves_a_model_that_answers(counted):
    model = NgramClassifier(SETTINGS, 4)

    train_ngrams(model, counted.take([]), counted.take([]), TASK)

    np.testing.assert_allclose(tf.nn.softmax(model(model.features(["a"]))), [[0.25] * 4], atol=1e-6)
