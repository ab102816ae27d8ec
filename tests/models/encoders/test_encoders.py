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
    load_encoder,
    pack_inputs,
    write_minilm,
    write_minilm_preprocessor,
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


def test_padding_does_not_change_a_review(encoder):
    inputs = _inputs([5], 5)
    padded = {name: tf.pad(value, [[0, 0], [0, 7]]) for name, value in inputs.items()}
    outputs = encoder(padded)
    outputs = {**outputs, "sequence_output": outputs["sequence_output"][:, :5]}
    assert _difference(encoder(inputs), outputs) < 1e-5


def test_an_empty_batch_goes_through(encoder, tiny_vocabulary):
    tokenizer = WordpieceTokenizer(tiny_vocabulary, lower_case=True, max_tokens=16)
    outputs = encoder(pack_inputs(tokenizer(tf.constant([], tf.string))))
    assert tuple(outputs["pooled_output"].shape) == (0, 16)


def test_dropout_is_on_only_while_training(encoder):
    inputs = _inputs([9, 4], 9)
    assert _difference(encoder(inputs), encoder(inputs, training=False)) == 0
    assert _difference(encoder(inputs), encoder(inputs, training=True)) > 1e-3


def test_training_without_dropout_has_the_outputs_and_gradients_of_inference(tiny_encoder):
    encoder = load_encoder(tiny_encoder, dropout=0.0)
    inputs = _inputs([9, 4, 7], 9)
    found = []
    for training in (True, False):
        with tf.GradientTape() as tape:
            outputs = encoder(inputs, training=training)
            loss = tf.reduce_sum(outputs["pooled_output"] ** 3) + tf.reduce_sum(
                outputs["sequence_output"][:, 1] ** 3
            )
        gradients = tape.gradient(loss, encoder.trainable_variables)
        found.append([*outputs.values(), *map(tf.convert_to_tensor, gradients)])
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-4)


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


def test_word_embeddings_have_a_sparse_gradient(encoder):
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(encoder(_inputs([3], 3), training=True)["sequence_output"] ** 2)
    assert isinstance(tape.gradient(loss, encoder.trainable_variables[0]), tf.IndexedSlices)


def test_it_tells_the_layer_of_its_variables_and_of_no_others(encoder):
    depths = [encoder.depth_of(variable) for variable in encoder.trainable_variables]
    assert [depths.count(depth) for depth in range(4)] == (
        [5, 12, 12, 2] if isinstance(encoder, BertEncoder) else [5, 16, 16, 2]
    )
    for ask in (encoder.depth_of, encoder.is_decayed):
        with pytest.raises(ValueError, match="stranger is no"):
            ask(keras.Variable([1.0], name="stranger"))


def test_it_comes_back_from_its_config_and_weights(encoder):
    inputs = _inputs([9, 4], 9)
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(encoder))
    copy.set_weights(encoder.get_weights())
    assert _difference(encoder(inputs), copy(inputs)) == 0


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


def test_it_is_a_layer_of_functional_models(encoder):
    inputs = {
        name: keras.Input([None], dtype="int32", name=name)
        for name in ("input_word_ids", "input_mask", "input_type_ids")
    }
    model = keras.Model(inputs, encoder(inputs)["pooled_output"])
    values = _inputs([9, 4], 9)
    np.testing.assert_allclose(
        model.predict(values, verbose=0), encoder(values)["pooled_output"], atol=1e-5
    )


def test_native_dropout_is_repeatable_and_of_the_asked_rate(tiny_encoder):
    inputs = _inputs([9, 4], 9)
    first, second, third = (
        load_encoder(tiny_encoder, dropout=0.3, seed=seed) for seed in (5, 5, 6)
    )
    once = first(inputs, training=True)
    assert _difference(once, second(inputs, training=True)) == 0
    assert _difference(once, third(inputs, training=True)) > 1e-3
    assert _difference(once, first(inputs, training=True)) > 1e-3, "each step draws anew"


def test_mixed_precision_stays_near_float32(tiny_encoder, exported):
    encoder = load_encoder(tiny_encoder, dtype="mixed_bfloat16")
    inputs = _inputs([9, 4], 9)
    outputs = encoder(inputs)
    assert outputs["pooled_output"].dtype == tf.bfloat16
    assert all(variable.dtype == "float32" for variable in encoder.trainable_variables)
    outputs = {name: tf.cast(value, tf.float32) for name, value in outputs.items()}
    assert _difference(outputs, exported(inputs)) < 0.1


def test_all_in_bfloat16_stays_near_float32(tiny_encoder, exported):
    encoder = load_encoder(tiny_encoder, dtype="bfloat16")
    assert all(variable.dtype == "bfloat16" for variable in encoder.trainable_variables)
    inputs = _inputs([9, 4], 9)
    outputs = {name: tf.cast(value, tf.float32) for name, value in encoder(inputs).items()}
    assert _difference(outputs, exported(inputs)) < 0.2
    assert encoder(_inputs([], 3))["sequence_output"].shape == (0, 3, 16)


def test_a_layer_can_be_frozen(tiny_encoder):
    encoder = load_encoder(tiny_encoder)
    trained = len(encoder.trainable_variables)
    encoder.blocks[0].trainable = False
    assert len(encoder.trainable_variables) == trained - 12


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


@pytest.fixture(scope="module")
def minilm(tmp_path_factory):
    directory = str(tmp_path_factory.mktemp("minilm") / "encoder")
    write_minilm(directory)
    return directory


def test_minilm_has_the_api_of_tf_hub(minilm, exported):
    model = hub.load(minilm)
    inputs = _inputs([9, 4], 9)
    outputs, expected = model(inputs), exported(inputs)
    assert set(outputs) == set(expected)
    assert len(outputs["encoder_outputs"]) == 6
    assert not np.allclose(outputs["default"], model(inputs, training=True)["default"])
    names = {variable.name for variable in exported.trainable_variables}
    assert names < {variable.name for variable in model.trainable_variables}
    assert len(model.variables) == len(model.trainable_variables) + 1
    assert bool(model.do_lower_case) and list(model.regularization_losses) == []


def test_minilm_converted_equals_minilm(minilm):
    encoder = load_encoder(minilm)
    assert isinstance(encoder, BertEncoder) and encoder.num_heads == 12
    inputs = _inputs([30, 4, 17], 30, vocabulary_size=30522)
    assert _difference(encoder(inputs), hub.load(minilm)(inputs)) < 1e-4


def test_minilm_knows_what_reviews_are_alike(minilm):
    """Mean of token vectors, cosine similarity: what the encoder was trained for."""
    encoder = load_encoder(minilm)
    tokenizer = WordpieceTokenizer(encoder.vocabulary_file, lower_case=True, max_tokens=32)
    packed = pack_inputs(
        tokenizer(["The battery dies quickly.", "It has poor battery life.", "Lovely red dress."])
    )
    mask = tf.cast(packed["input_mask"], tf.float32)[:, :, None]
    vectors = tf.reduce_sum(encoder(packed)["sequence_output"] * mask, 1)
    vectors = tf.linalg.normalize(vectors, axis=1)[0]
    alike, unlike = (float(tf.reduce_sum(vectors[0] * vectors[i])) for i in (1, 2))
    assert alike > 0.6 > 0.3 > unlike


def test_minilm_preprocessor_has_the_api_of_tf_hub(tmp_path, reviews):
    write_minilm_preprocessor(str(tmp_path), length=32)
    preprocessor = hub.load(str(tmp_path))
    tokenizer = WordpieceTokenizer(f"{tmp_path}/assets/vocab.txt", lower_case=True, max_tokens=32)
    sample = tf.constant([*reviews[:200], ""])
    packed = preprocessor(sample)
    for name, values in pack_inputs(tokenizer(sample)).items():
        tf.debugging.assert_equal(values, packed[name][:, : values.shape[1]])

    special = preprocessor.tokenize.get_special_tokens_dict()
    assert int(special["vocab_size"]) == 30522
    tokens = preprocessor.tokenize(tf.constant(["fits well"]))
    pairs = preprocessor.bert_pack_inputs([tokens, tokens], seq_length=8)
    assert pairs["input_word_ids"].numpy().tolist() == [
        [101, 16142, 2092, 102, 16142, 2092, 102, 0]
    ]
    assert pairs["input_type_ids"].numpy().tolist() == [[0, 0, 0, 0, 1, 1, 1, 0]]
