from __future__ import annotations

import os

import pytest
import tensorflow as tf

from reviewlens.errors import RunError
from reviewlens.serving import LocalModel, Prediction


@pytest.fixture(scope="module")
def model(served):
    return LocalModel(served.directory)


def test_predicts_labels_and_probabilities_by_name(model, reviews):
    predictions = model.predict(text for text in reviews[:300])
    assert len(predictions) == 300
    assert len({prediction.label for prediction in predictions}) == 3
    for prediction in predictions:
        assert isinstance(prediction, Prediction)
        assert list(prediction.probabilities) == ["negative", "neutral", "positive"]
        assert sum(prediction.probabilities.values()) == pytest.approx(1, abs=1e-5)


def test_long_lists_are_answered_in_their_order(model, reviews):
    texts = reviews[:1200]
    predictions = model.predict(texts)
    for index in (0, 500, 1023, 1024, 1199):
        (alone,) = model.predict([texts[index]])
        assert predictions[index].probabilities == pytest.approx(alone.probabilities, abs=1e-5)


def test_no_texts_no_predictions(model):
    assert model.predict([]) == []


def test_half_a_surrogate_pair_is_no_reason_to_fail(model):
    assert len(model.predict(["\ud83d"])) == 1


def test_the_highest_complete_version_is_taken(served, tmp_path):
    for version in ("9", "10"):
        os.symlink(served.directory, tmp_path / version)
    for name in ("11", "12.tmp", "notes"):
        (tmp_path / name).mkdir()
    assert LocalModel(str(tmp_path)).directory == str(tmp_path / "10")


def test_what_is_no_model_is_named(tmp_path):
    with pytest.raises(RunError, match="gone: no such model directory"):
        LocalModel(str(tmp_path / "gone"))
    with pytest.raises(RunError, match="holds no model: neither saved_model.pb nor a version"):
        LocalModel(str(tmp_path))
    tf.saved_model.save(tf.Module(), str(tmp_path / "1"))
    with pytest.raises(RunError, match="none that reviewlens exported: it lacks the signature"):
        LocalModel(str(tmp_path))
