"""What every encoder has to do, whatever its family."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

OUTPUTS = ("sequence_output", "pooled_output")


def random_inputs(encoder, lengths, width: int, seed: int = 0) -> dict[str, tf.Tensor]:
    """Inputs of random ids, padded on the right to `width`."""
    random = np.random.default_rng(seed)
    ids = random.integers(3, min(encoder.vocabulary_size, 10_000), (len(lengths), width))
    packed = encoder.inputs.pack(tf.RaggedTensor.from_tensor(ids, lengths))
    if "input_type_ids" in packed:
        shape = tuple(packed["input_type_ids"].shape)
        packed["input_type_ids"] = tf.constant(random.integers(0, 2, shape), tf.int32)
    return packed


def difference(ours: dict, theirs: dict) -> float:
    """The greatest one of any output."""
    return max(
        float(tf.reduce_max(tf.abs(tf.cast(ours[name], tf.float32) - theirs[name])))
        for name in OUTPUTS
    )


def run_encoder_test(encoder: keras.layers.Layer) -> None:
    """Runs through what `encoders.base.Encoder` asks of an encoder.

    Args:
        encoder: In float32, its weights not those that initializers give, which would hide
            a mix-up of theirs.
    """
    inputs = random_inputs(encoder, [9, 4, 7], 9)
    outputs = encoder(inputs)
    _check_shapes(encoder, inputs, outputs)
    _check_padding(encoder, inputs, outputs)
    _check_functional(encoder, inputs, outputs)
    _check_copy(encoder, inputs, outputs)
    _check_variables(encoder)
    _check_gradients(encoder, inputs)
    if "bfloat16" in encoder.precisions:
        _check_precisions(encoder, inputs, outputs)
        _check_operations(encoder, inputs)


def _check_shapes(encoder, inputs, outputs):
    assert tuple(inputs) == encoder.inputs.names
    assert set(outputs) == set(OUTPUTS)
    assert outputs["sequence_output"].shape == (3, 9, encoder.hidden_size)
    assert outputs["pooled_output"].shape == (3, encoder.hidden_size)
    assert {output.dtype for output in outputs.values()} == {tf.float32}
    empty = encoder({name: values[:0] for name, values in inputs.items()})
    assert empty["pooled_output"].shape == (0, encoder.hidden_size)
    assert difference(encoder(inputs, training=False), outputs) == 0
    assert difference(encoder(inputs, training=True), outputs) > 1e-3


def _check_padding(encoder, inputs, outputs):
    """What is masked changes nothing, whatever it is."""
    other = {name: tf.pad(values, [[0, 0], [0, 5]]) for name, values in inputs.items()}
    noise = tf.random.uniform(tf.shape(other["input_mask"]), 3, 30, tf.int32)
    mask = other["input_mask"]
    other["input_word_ids"] = mask * other["input_word_ids"] + (1 - mask) * noise
    padded = encoder(other)
    kept = tf.cast(inputs["input_mask"], tf.float32)[:, :, None]
    sequences = {"sequence_output": padded["sequence_output"][:, :9] * kept}
    expected = {**outputs, "sequence_output": outputs["sequence_output"] * kept}
    assert difference({**padded, **sequences}, expected) < 1e-5


def _check_functional(encoder, inputs, outputs):
    symbols = {name: keras.Input([None], dtype="int32", name=name) for name in inputs}
    model = keras.Model(symbols, encoder(symbols))
    assert difference(model(inputs), outputs) < 1e-5


def _check_copy(encoder, inputs, outputs):
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(encoder))
    assert copy.get_config() == encoder.get_config()
    copy.set_weights(encoder.get_weights())
    assert difference(copy(inputs), outputs) == 0


def _check_variables(encoder):
    depths = {encoder.depth_of(variable) for variable in encoder.trainable_variables}
    above = {encoder.num_layers + 1} & depths
    assert depths == set(range(encoder.num_layers + 1)) | above
    decayed = [encoder.is_decayed(variable) for variable in encoder.trainable_variables]
    assert any(decayed) and not all(decayed)
    for variable, decays in zip(encoder.trainable_variables, decayed, strict=True):
        assert decays <= (len(variable.shape) > 1), variable.path
    for ask in (encoder.depth_of, encoder.is_decayed):
        with pytest.raises(ValueError, match="stranger is no"):
            ask(keras.Variable([[1.0]], name="stranger"))


def _check_gradients(encoder, inputs):
    """Every weight has a gradient, that of the word embeddings is sparse."""
    gradients, _ = _gradients(encoder, inputs, training=True)
    for variable, gradient in zip(encoder.trainable_variables, gradients, strict=True):
        assert gradient is not None, variable.path
        # A key's bias moves all scores of a query alike: its gradient is zero.
        if variable.path.endswith("_key_bias"):
            continue
        assert tf.reduce_any(tf.convert_to_tensor(gradient) != 0), variable.path
    assert isinstance(gradients[0], tf.IndexedSlices)


def _gradients(encoder, inputs, training):
    with tf.GradientTape() as tape:
        outputs = encoder(inputs, training=training)
        loss = tf.reduce_sum(outputs["pooled_output"] ** 3) + tf.reduce_sum(
            outputs["sequence_output"][:, 1] ** 3
        )
    return tape.gradient(loss, encoder.trainable_variables), outputs


def _check_precisions(encoder, inputs, outputs):
    for policy, kept in (("mixed_bfloat16", "float32"), ("bfloat16", "bfloat16")):
        copy = _remade(encoder, dtype=policy)
        assert {variable.dtype for variable in copy.trainable_variables} == {kept}
        found = copy(inputs)
        assert {output.dtype for output in found.values()} == {tf.bfloat16}
        assert difference(found, outputs) < 0.2


def _check_operations(encoder, inputs):
    """Without dropout the operations of training give what those of inference give."""
    copy = _remade(encoder, dropout=0.0)
    (compiled, one), (plain, other) = (_gradients(copy, inputs, mode) for mode in (True, False))
    for mine, theirs in zip(
        [*one.values(), *map(tf.convert_to_tensor, compiled)],
        [*other.values(), *map(tf.convert_to_tensor, plain)],
        strict=True,
    ):
        np.testing.assert_allclose(mine, theirs, rtol=1e-3, atol=1e-4)


def _remade(encoder, **changes):
    copy = type(encoder).from_config({**encoder.get_config(), **changes})
    copy.set_weights(encoder.get_weights())
    return copy
