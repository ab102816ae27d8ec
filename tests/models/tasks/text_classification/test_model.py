from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from reviewlens.errors import RunError
from reviewlens.models.encoders.bert.tokenizer import WordpieceTokenizer, pack_inputs
from reviewlens.models.precision import precision_policy, resolve_precision
from reviewlens.models.settings import ModelSettings
from reviewlens.models.tasks.text_classification.model import ReviewClassifier, build_classifier

SETTINGS = ModelSettings(max_tokens=64)


@pytest.fixture(scope="module")
def inputs(tiny_vocabulary, reviews):
    tokenizer = WordpieceTokenizer(tiny_vocabulary, lower_case=True, max_tokens=64)
    return pack_inputs(tokenizer(tf.constant(reviews[:16])))


@pytest.mark.parametrize("pooling", ["mean", "first"])
@pytest.mark.parametrize("native", [True, False])
def test_one_logit_per_class_and_dropout_only_while_training(tiny_encoder, inputs, pooling, native):
    settings = ModelSettings(max_tokens=64, dropout=0.5, pooling=pooling, native=native)
    classifier = build_classifier(tiny_encoder, settings, 3, "float32")
    logits = classifier(inputs)
    assert logits.shape == (16, 3) and logits.dtype == tf.float32
    assert np.isfinite(logits).all()
    np.testing.assert_array_equal(logits, classifier(inputs, training=False))
    assert not np.allclose(logits, classifier(inputs, training=True))


def test_native_and_saved_model_encoder_classify_alike(tiny_encoder, inputs):
    both = [
        build_classifier(tiny_encoder, ModelSettings(max_tokens=64, native=native), 3, "float32")
        for native in (True, False)
    ]
    both[1].head.set_weights(both[0].head.get_weights())
    np.testing.assert_allclose(both[0](inputs), both[1](inputs), atol=1e-4)


@pytest.mark.parametrize("pooling", ["mean", "first"])
def test_padding_changes_nothing(tiny_encoder, inputs, pooling):
    settings = ModelSettings(max_tokens=64, pooling=pooling)
    classifier = build_classifier(tiny_encoder, settings, 3, "float32")
    wider = {name: tf.pad(value, [[0, 0], [0, 20]]) for name, value in inputs.items()}
    np.testing.assert_allclose(classifier(inputs), classifier(wider), atol=1e-5)


def test_mean_pooling_takes_the_mean_of_the_real_tokens(tiny_encoder, inputs):
    classifier = build_classifier(tiny_encoder, SETTINGS, 3, "float32")
    tokens = classifier.encoder(inputs)["sequence_output"].numpy()
    lengths = inputs["input_mask"].numpy().sum(axis=1)
    means = np.stack([row[:n].mean(axis=0) for row, n in zip(tokens, lengths, strict=True)])
    np.testing.assert_allclose(classifier(inputs), classifier.head(means), atol=1e-5)


def test_weights_stay_float32_and_logits_agree_in_bfloat16(tiny_encoder, inputs):
    exact = build_classifier(tiny_encoder, SETTINGS, 3, "float32")
    mixed = build_classifier(tiny_encoder, SETTINGS, 3, "bfloat16")
    mixed.set_weights(exact.get_weights())
    assert {variable.dtype for variable in mixed.trainable_variables} == {"float32"}
    assert mixed(inputs).dtype == tf.float32
    np.testing.assert_allclose(exact(inputs), mixed(inputs), atol=0.1)


def test_the_probability_of_a_class_is_the_sum_of_those_of_its_grades(tiny_encoder, inputs):
    grades = (0, 0, 1, 2, 2)
    classifier = build_classifier(tiny_encoder, SETTINGS, 3, "float32", grades)
    of_grades = tf.nn.softmax(classifier.grade_logits(inputs)).numpy()
    expected = [of_grades[:, np.equal(grades, label)].sum(axis=1) for label in range(3)]
    np.testing.assert_allclose(tf.nn.softmax(classifier(inputs)), np.stack(expected, 1), rtol=1e-5)


@pytest.mark.parametrize("grades", [(0, 2), (0, 1, 2, 3), (0, 0, 1)])
def test_grades_are_those_of_the_classes(tiny_encoder, grades):
    with pytest.raises(ValueError, match="not those of 3 classes"):
        build_classifier(tiny_encoder, SETTINGS, 3, "float32", grades)


@pytest.mark.parametrize("grades", [None, (0, 0, 1, 2, 2)])
def test_survives_serialisation(tiny_encoder, inputs, grades):
    classifier = build_classifier(tiny_encoder, SETTINGS, 3, "float32", grades)
    again = ReviewClassifier.from_config(classifier.get_config())
    again.set_weights(classifier.get_weights())
    np.testing.assert_allclose(classifier(inputs), again(inputs), atol=1e-6)


def test_an_encoder_with_too_few_positions_is_refused(tiny_encoder):
    with pytest.raises(RunError, match="max_tokens is 256, .* reads 128 tokens"):
        build_classifier(tiny_encoder, ModelSettings(max_tokens=256), 3, "float32")


def test_precision_is_resolved_and_the_policy_restored():
    before = keras.config.dtype_policy()
    assert resolve_precision("float32") == "float32"
    assert resolve_precision("bfloat16") == "bfloat16"
    assert resolve_precision("auto") in ("float32", "bfloat16")
    with pytest.raises(KeyError), precision_policy("bfloat16"):
        assert keras.layers.Dense(1).compute_dtype == "bfloat16"
        raise KeyError
    assert keras.config.dtype_policy() == before


@pytest.mark.filterwarnings("error")
def test_keras_trains_and_exports_it_as_its_own(tiny_encoder, inputs, tmp_path):
    keras.utils.set_random_seed(1)
    classifier = build_classifier(tiny_encoder, SETTINGS, 3, "float32")
    classifier.encoder.freeze(layers=1)
    batches = tf.data.Dataset.from_tensor_slices((inputs, tf.range(16) % 3)).repeat(4).batch(8)
    classifier.compile(
        keras.optimizers.AdamW(1e-3),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    ended = []
    history = classifier.fit(
        batches,
        epochs=2,
        verbose=0,
        callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=lambda *end: ended.append(end))],
        validation_data=batches.take(1),
    ).history
    assert history["loss"][1] < history["loss"][0] and len(ended) == 2
    assert {"accuracy", "val_loss"} <= set(history)

    classifier.export(str(tmp_path), verbose=False)
    served = tf.saved_model.load(str(tmp_path)).signatures["serve"]
    (logits,) = served(**inputs).values()
    np.testing.assert_allclose(logits, classifier(inputs), atol=1e-5)
    (few,) = served(**{name: values[:3, :9] for name, values in inputs.items()}).values()
    assert few.shape == (3, 3)


@pytest.mark.parametrize("pooling", ["mean", "first"])
def test_a_pooler_learns_where_it_is_read(tiny_encoder, pooling):
    settings = ModelSettings(max_tokens=64, pooling=pooling)
    classifier = build_classifier(tiny_encoder, settings, 3, "float32")
    for variables in (classifier.trainable_variables, classifier.trainable_weights):
        assert any("pooler" in one.path for one in variables) is (pooling == "first")
    assert any("pooler" in one.path for one in classifier.encoder.trainable_variables)
