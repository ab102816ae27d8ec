"""Encoders as Keras layers, native and as saved, against what TF Hub itself computes."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_hub as hub
from hypothesis import given, settings
from hypothesis import strategies as st

from reviewlens.errors import RunError
from reviewlens.models import (
    BertEncoder,
    HubEncoder,
    WordpieceTokenizer,
    fetch_encoder,
    load_encoder,
    pack_inputs,
)

OUTPUTS = ("sequence_output", "pooled_output")


def _inputs(lengths, width: int, vocabulary_size: int = 400, seed: int = 0) -> dict:
    random = np.random.default_rng(seed)
    shape = (len(lengths), width)
    return {
        "input_word_ids": tf.constant(random.integers(0, vocabulary_size, shape), tf.int32),
        "input_mask": tf.sequence_mask(lengths, width, tf.int32),
        "input_type_ids": tf.constant(random.integers(0, 2, shape), tf.int32),
    }


def _difference(ours: dict, theirs: dict) -> float:
    return max(float(tf.reduce_max(tf.abs(ours[name] - theirs[name]))) for name in OUTPUTS)


@pytest.fixture(scope="module")
def exported(tiny_encoder):
    return hub.load(tiny_encoder)


@pytest.fixture(scope="module", params=[True, False], ids=["native", "hub"])
def encoder(request, tiny_encoder):
    return load_encoder(tiny_encoder, native=request.param)


def test_facts(encoder, tiny_encoder):
    assert isinstance(encoder, (BertEncoder, HubEncoder))
    assert (encoder.hidden_size, encoder.num_layers, encoder.max_positions) == (16, 2, 128)
    assert encoder.vocabulary_file == f"{tiny_encoder}/assets/vocab.txt"
    assert encoder.lower_case is True


@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_outputs_equal_the_saved_models(encoder, exported, data):
    width = data.draw(st.integers(1, 40))
    lengths = data.draw(st.lists(st.integers(1, width), min_size=1, max_size=4))
    inputs = _inputs(lengths, width, seed=data.draw(st.integers(0, 99)))
    assert _difference(encoder(inputs), exported(inputs)) < 1e-5


@pytest.mark.parametrize("native", [True, False], ids=["native", "hub"])
def test_fine_tuning_moves_every_variable_towards_the_target(tiny_encoder, native):
    encoder = load_encoder(tiny_encoder, native=native, dropout=0.0)
    inputs = _inputs([9, 4, 7], 9)
    before = [variable.numpy() for variable in encoder.trainable_variables]
    optimizer = keras.optimizers.Adam(1e-2)
    losses = []
    for _ in range(10):
        with tf.GradientTape() as tape:
            outputs = encoder(inputs, training=False)
            loss = tf.reduce_mean((outputs["pooled_output"] - 0.5) ** 2) + tf.reduce_mean(
                outputs["sequence_output"][:, 1] ** 2
            )
        losses.append(float(loss))
        gradients = tape.gradient(loss, encoder.trainable_variables)
        optimizer.apply(gradients, encoder.trainable_variables)

    assert losses[-1] < losses[0] / 2
    still = [
        variable.path
        for variable, old in zip(encoder.trainable_variables, before, strict=True)
        if np.array_equal(variable.numpy(), old)
    ]
    # A key's bias moves all scores of a query alike, so its gradient is zero.
    assert [path for path in still if "key_bias" not in path] == []


def test_an_export_computes_the_same_and_holds_the_weights_once(encoder, tmp_path):
    class Module(tf.Module):
        def __init__(self):
            super().__init__()
            self.encoder = encoder

        @tf.function(input_signature=[tf.TensorSpec([None, None], tf.int32)])
        def encode(self, ids):
            ones = tf.ones_like(ids)
            inputs = {"input_word_ids": ids, "input_mask": ones, "input_type_ids": 0 * ids}
            return self.encoder(inputs, training=False)

    module = Module()
    ids = tf.constant([[1, 2, 3], [4, 5, 6]])
    tf.saved_model.save(module, str(tmp_path))
    loaded = tf.saved_model.load(str(tmp_path))
    assert _difference(module.encode(ids), loaded.encode(ids)) < 1e-6
    saved = sum(file.stat().st_size for file in (tmp_path / "variables").iterdir())
    assert saved < 1.5 * 4 * encoder.count_params() + 20_000


def test_native_dropout_is_repeatable_and_of_the_asked_rate(tiny_encoder):
    inputs = _inputs([9, 4], 9)
    first, second, third = (
        load_encoder(tiny_encoder, dropout=0.3, seed=seed) for seed in (5, 5, 6)
    )
    once = first(inputs, training=True)
    assert _difference(once, second(inputs, training=True)) == 0
    assert _difference(once, third(inputs, training=True)) > 1e-3
    assert _difference(once, first(inputs, training=True)) > 1e-3, "each step draws anew"


def test_a_layer_can_be_frozen(tiny_encoder):
    encoder = load_encoder(tiny_encoder)
    trained = len(encoder.trainable_variables)
    encoder.blocks[0].trainable = False
    assert len(encoder.trainable_variables) == trained - 12


def test_the_lowest_layers_can_be_frozen(encoder):
    def learning():
        return {encoder.depth_of(variable) for variable in encoder.trainable_variables}

    everything = [variable.path for variable in encoder.trainable_variables]
    encoder.freeze(layers=1)
    assert learning() == {2, 3}
    encoder.freeze(layers=0)
    assert learning() == {1, 2, 3}
    encoder.freeze()
    assert encoder.trainable_variables == []
    encoder.unfreeze()
    assert [variable.path for variable in encoder.trainable_variables] == everything
    with pytest.raises(ValueError, match="layers is 3, but the encoder has 2 blocks"):
        encoder.freeze(layers=3)


def test_other_architectures_are_fine_tuned_as_they_are(tmp_path, tiny_encoder):
    """A SavedModel with the same API but other variables is not converted."""
    model = hub.load(tiny_encoder)
    other = tf.train.Checkpoint()
    scale = tf.Variable(2.0, name="scale")
    other.trainable_variables = [*model.trainable_variables, scale]
    other.variables = [*model.variables, scale]
    other.vocab_file, other.do_lower_case = model.vocab_file, model.do_lower_case
    other.inner = model

    @tf.function
    def call(inputs, training=False):
        outputs = model(inputs, training=training)
        return {**outputs, "pooled_output": scale * outputs["pooled_output"]}

    spec = {name: tf.TensorSpec([None, None], tf.int32) for name in _inputs([1], 1)}
    for training in (True, False):
        call.get_concrete_function(spec, training=training)
    other.__call__ = call
    tf.saved_model.save(other, str(tmp_path / "other"))

    encoder = load_encoder(str(tmp_path / "other"))
    assert isinstance(encoder, HubEncoder)
    inputs = _inputs([4], 4)
    np.testing.assert_allclose(
        encoder(inputs)["pooled_output"], 2 * model(inputs)["pooled_output"], atol=1e-6
    )
    assert encoder.depth_of(encoder.trainable_variables[0]) == 0
    with pytest.raises(RunError, match="variable scale, which no encoder of TF Hub has"):
        encoder.depth_of(encoder.trainable_variables[-1])


def test_minilm_knows_what_reviews_are_alike(tmp_path):
    """Mean of token vectors, cosine similarity: what the encoder was trained for."""
    fetch_encoder("minilm-l6", str(tmp_path / "minilm"))
    encoder = load_encoder(str(tmp_path / "minilm"))
    assert isinstance(encoder, BertEncoder) and encoder.num_heads == 12
    tokenizer = WordpieceTokenizer(encoder.vocabulary_file, lower_case=True, max_tokens=32)
    packed = pack_inputs(
        tokenizer(["The battery dies quickly.", "It has poor battery life.", "Lovely red dress."])
    )
    mask = tf.cast(packed["input_mask"], tf.float32)[:, :, None]
    vectors = tf.reduce_sum(encoder(packed)["sequence_output"] * mask, 1)
    vectors = tf.linalg.normalize(vectors, axis=1)[0]
    alike, unlike = (float(tf.reduce_sum(vectors[0] * vectors[i])) for i in (1, 2))
    assert alike > 0.6 > 0.3 > unlike
