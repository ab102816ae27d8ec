"""An encoder that guesses pieces, and keeps what its vectors of whole texts say."""

from __future__ import annotations

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf

from reviewlens.models import (
    MaskedModelSettings,
    PretrainingSettings,
    TokenizedTexts,
    build_model,
    load_encoder,
    make_task,
    pad_batch,
    train,
)
from reviewlens.models.tasks.masked_language_model.keeping import Keeping
from reviewlens.models.training.step import TrainStep

TASK = make_task("masked-language-model")
MODEL = MaskedModelSettings(max_tokens=32)
SETTINGS = PretrainingSettings(batch_size=16, epochs=2, learning_rate=5e-3, precision="float32")


@pytest.fixture(scope="module")
def splits(tiny_encoder, reviews):
    tokenizer = load_encoder(tiny_encoder).tokenizer(32)
    texts = TokenizedTexts.from_rows(tokenizer(tf.constant(reviews[:256])).to_list(), {})
    return texts.take(range(192)), texts.take(range(192, 256))


def model_of(tiny_encoder, settings=MODEL):
    keras.utils.set_random_seed(3)
    return build_model(TASK, tiny_encoder, settings, "float32")


def vectors(encoder, inputs):
    """The mean of the vectors of each text's tokens, of length 1."""
    outputs = encoder({name: inputs[name] for name in encoder.inputs.names}, training=False)
    mask = inputs["input_mask"][:, :, None]
    means = (outputs["sequence_output"].numpy() * mask).sum(1) / mask.sum(1)
    return means / np.linalg.norm(means, axis=1, keepdims=True)


def test_vectors_stay_near_what_they_were_and_pieces_are_learnt(tiny_encoder, splits):
    before = load_encoder(tiny_encoder)
    kept, losses = {}, {}
    for weight in (0.0, 30.0):
        model = model_of(tiny_encoder)
        record = train(
            model, *splits, SETTINGS, task=Keeping.of(TASK, load_encoder(tiny_encoder), weight)
        )
        inputs = pad_batch(splits[1], np.arange(64), model.encoder.inputs)
        cosines = (vectors(before, inputs) * vectors(model.encoder, inputs)).sum(1)
        kept[weight] = cosines.mean()
        losses[weight] = [epoch["mlm_loss"] for epoch in record.history]
    assert 1 - kept[30.0] < (1 - kept[0.0]) / 4
    # The figures are those of the guesses, and they get better.
    assert losses[30.0][1] < losses[30.0][0] - 0.05


def test_the_loss_is_that_of_the_guesses_and_the_distance_of_the_vectors(tiny_encoder, splits):
    model = model_of(tiny_encoder, dataclasses.replace(MODEL, dropout=0.0))
    inputs = pad_batch(splits[0], np.arange(16), model.encoder.inputs)
    keeping = Keeping.of(TASK, load_encoder(tiny_encoder), 3.0)
    drawn = TASK.drawing(model)(inputs, {}, (7, 0))[0]
    read = {name: np.asarray(drawn[name]) for name in model.encoder.inputs.names}
    assert (read["input_word_ids"] != inputs["input_word_ids"]).any()
    cosines = (vectors(model.encoder, inputs) * vectors(model.encoder, read)).sum(1)

    losses = {}
    for task in (TASK, keeping):
        # A rate of nothing: the weights are those at the start.
        loss = task.loss(splits[0], SETTINGS)
        step = TrainStep(task, model, keras.optimizers.SGD(0.0), loss, seed=7)
        losses[task] = float(step(inputs, {})[0])

    assert losses[keeping] == pytest.approx(losses[TASK] + 3.0 * np.mean(1 - cosines), rel=1e-5)


def test_parts_of_a_batch_add_up_and_what_was_is_not_trained(tiny_encoder, splits):
    model = model_of(tiny_encoder, dataclasses.replace(MODEL, dropout=0.0))
    before = load_encoder(tiny_encoder)
    task = Keeping.of(TASK, before, 3.0)
    inputs = pad_batch(splits[0], np.arange(16), model.encoder.inputs)
    weights, were, found = model.get_weights(), before.get_weights(), []
    for size in (None, 5):
        model.set_weights(weights)
        loss = task.loss(splits[0], SETTINGS)
        step = TrainStep(task, model, keras.optimizers.SGD(0.1), loss, micro_batch=size, seed=7)
        step(inputs, {})
        found.append([float(step.loss_sum), *model.get_weights()])
    for whole, parts in zip(*found, strict=True):
        np.testing.assert_allclose(parts, whole, rtol=1e-4, atol=1e-6)
    for one, other in zip(were, before.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
