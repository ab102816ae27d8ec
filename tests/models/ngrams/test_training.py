from __future__ import annotations

import numpy as np
import pytest

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
