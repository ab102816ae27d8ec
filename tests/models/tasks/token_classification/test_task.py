"""Texts longer than a model reads, judged as a whole; and the tagger as a Keras model."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from reviewlens.models import (
    ModelSettings,
    TokenClassification,
    TokenClassifier,
    TokenizedTexts,
    TrainingSettings,
    load_encoder,
    pad_batch,
    pad_targets,
)

TASK = TokenClassification(("food", "person"))
SETTINGS = ModelSettings(max_tokens=8, stride=3)


@pytest.fixture(scope="module")
def texts():
    """Some of many lengths, whose tokens say their tags: id 10 + tag."""
    random = np.random.default_rng(1)
    lengths = [0, 1, 6, 7, 20, 43, 5]
    tags = [random.integers(0, 5, length).tolist() for length in lengths]
    words = [(random.random(length) < 0.7).astype(int) for length in lengths]
    for word in words:
        word[:1] = 1
    return TokenizedTexts.from_rows(
        [[1, *(10 + tag for tag in row), 2] for row in tags],
        {
            "tag": [[0, *row, 0] for row in tags],
            "word": [[-1, *row, -1] for row in words],
        },
        ["tag", "word"],
    )


@pytest.mark.parametrize("label_pieces", ["first", "all"])
def test_windows_have_the_units_of_whole_texts_once(texts, label_pieces):
    task = TokenClassification(TASK.labels, label_pieces)
    whole = task.prepare(texts, ModelSettings(max_tokens=64))
    parts = task.prepare(texts, SETTINGS)
    assert whole.parts is None and parts.lengths.max() == 8
    assert len(parts) > len(texts)
    np.testing.assert_array_equal(
        parts.targets["tag"][parts.targets["tag"] >= 0],
        whole.targets["tag"][whole.targets["tag"] >= 0],
    )

    def judged(some):
        logits = np.random.default_rng(3).normal(0, 1, (100, 5)).astype(np.float32)
        noise = logits[some.tokens] + 4 * np.eye(5)[np.maximum(some.tokens - 10, 0)]
        # Each unit says the same, whichever window reads it.
        decision = task.fit_decision(noise, some)
        figures = task.evaluate(noise, some, decision)
        return figures, task.decided(noise, some, decision)

    (figures, decided), (others, same) = judged(whole), judged(parts)
    assert figures == others and figures["f1"] > 0
    np.testing.assert_array_equal(decided, same)


def test_one_model_is_compared_with_another_by_texts(texts):
    prepared = TASK.prepare(texts, SETTINGS)
    right = 5 * np.eye(5, dtype=np.float32)[np.maximum(prepared.targets["tag"], 0)]
    vague = right * 0
    decision = TASK.fit_decision(right, prepared)
    gain = TASK.compare(right, vague, prepared, decision)
    assert gain["f1"].low > 0.1 and gain["log_loss"].value < 0
    none = TASK.compare(right, right, prepared, decision)
    assert none["f1"].value == none["log_loss"].value == 0


def test_the_tagger_is_fitted_saved_and_loaded_by_keras(tiny_encoder, tmp_path):
    encoder = load_encoder(tiny_encoder)
    tagger = TokenClassifier(encoder, num_tags=5, dropout=0.0)
    random = np.random.default_rng(0)
    rows = [[5, *random.integers(10, 40, 12), 6] for _ in range(32)]
    tags = [[-1, *(np.array(row[1:-1]) % 5), -1] for row in rows]
    data = TokenizedTexts.from_rows(rows, {"tag": tags, "word": tags}, ["tag", "word"])
    inputs = pad_batch(data, np.arange(32), encoder.inputs)
    wanted = pad_targets(data, np.arange(32), inputs["input_word_ids"].shape[1], TASK.targets)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=-1)
    tagger.compile(optimizer=keras.optimizers.Adam(1e-2), loss=loss)
    history = tagger.fit(inputs, wanted["tag"], epochs=8, batch_size=32, verbose=0).history
    assert history["loss"][-1] < 0.8 * history["loss"][0]

    tagger.save(tmp_path / "tagger.keras")
    again = keras.saving.load_model(tmp_path / "tagger.keras", compile=False)
    np.testing.assert_allclose(again(inputs), tagger(inputs), atol=1e-5)


def test_the_loss_leaves_out_what_is_not_learnt():
    tags = tf.constant([[-1, 0, 1, -1], [-1, 2, -1, -1]])
    texts = TokenizedTexts.from_rows([[1, 2]], {"tag": [[0, 1]], "word": [[1, 1]]}, ["tag", "word"])
    loss = TASK.loss(texts, TrainingSettings())
    logits = np.random.default_rng(0).normal(size=(2, 4, 5)).astype(np.float32)
    likely = np.log(np.exp(logits) / np.exp(logits).sum(axis=-1, keepdims=True))
    expected = -(likely[0, 1, 0] + likely[0, 2, 1] + likely[1, 1, 2])
    assert float(loss(tf.constant(logits), {"tag": tags})) == pytest.approx(expected, rel=1e-5)
    assert float(loss.count({"tag": tags})) == 3
    assert float(loss.count({"tag": tags * 0 - 1})) == 1
