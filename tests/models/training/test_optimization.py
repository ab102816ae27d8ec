from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from reviewlens.models.settings import ModelSettings
from reviewlens.models.tasks.text_classification.model import build_classifier
from reviewlens.models.training.optimization import (
    Lamb,
    LazyAdamW,
    LinearWarmupDecay,
    decayed_variables,
    layer_rates,
)


def gradients(shape, steps, seed=0):
    random = np.random.default_rng(seed)
    return [random.normal(size=shape).astype(np.float32) for _ in range(steps)]


def variable(shape, name):
    return keras.Variable(
        np.linspace(-1, 1, np.prod(shape)).reshape(shape), dtype="float32", name=name
    )


def test_dense_steps_equal_those_of_keras():
    ours, theirs = variable((3, 4), "kernel"), variable((3, 4), "kernel")
    lazy = LazyAdamW(0.01, weight_decay=0.1, clip_norm=1.0)
    keras_own = keras.optimizers.AdamW(0.01, weight_decay=0.1, global_clipnorm=1.0, epsilon=1e-7)
    for gradient in gradients((3, 4), 10):
        lazy.apply([tf.constant(gradient)], [ours])
        keras_own.apply([tf.constant(gradient)], [theirs])
    np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=1e-5)


def test_sparse_step_equals_dense_step_on_its_rows_and_leaves_the_others():
    sparse, dense = variable((6, 2), "embeddings"), variable((6, 2), "embeddings")
    before = sparse.numpy()
    values = gradients((3, 2), 1)[0]
    rows = [4, 1, 4]
    full = np.zeros((6, 2), np.float32)
    np.add.at(full, rows, values)
    LazyAdamW(0.01, weight_decay=0.1).apply(
        [tf.IndexedSlices(values, tf.constant(rows), tf.constant([6, 2]))], [sparse]
    )
    LazyAdamW(0.01, weight_decay=0.1).apply([tf.constant(full)], [dense])
    np.testing.assert_allclose(sparse.numpy()[[1, 4]], dense.numpy()[[1, 4]], rtol=1e-6)
    np.testing.assert_array_equal(sparse.numpy()[[0, 2, 3, 5]], before[[0, 2, 3, 5]])


def test_lamb_is_that_of_its_paper():
    kernel, bias = variable((3, 4), "kernel"), variable((3,), "bias")
    table, same = variable((5, 2), "table"), variable((5, 2), "same")
    optimizer = Lamb(
        0.02, weight_decay=0.1, clip_norm=None, decayed=[True, False, True, True], epsilon=1e-6
    )
    weights, mean, square = np.array(kernel), np.zeros((3, 4)), np.zeros((3, 4))
    plain, adam = variable((3,), "bias"), LazyAdamW(0.02, 0.0, clip_norm=None, epsilon=1e-6)
    rows, shape = tf.constant([4, 1]), tf.constant([5, 2])
    for step, gradient in enumerate(gradients((3, 4), 5), start=1):
        mean, square = 0.9 * mean + 0.1 * gradient, 0.999 * square + 0.001 * gradient**2
        move = mean / (1 - 0.9**step) / (np.sqrt(square / (1 - 0.999**step)) + 1e-6)
        move += 0.1 * weights
        weights = weights - 0.02 * np.linalg.norm(weights) / np.linalg.norm(move) * move
        few = tf.IndexedSlices(gradient[:2, :2], rows, shape)
        others = [gradient[:, 0], few, tf.convert_to_tensor(few)]
        optimizer.apply([tf.constant(gradient), *others], [kernel, bias, table, same])
        adam.apply([gradient[:, 0]], [plain])
    np.testing.assert_allclose(kernel.numpy(), weights, rtol=1e-4)
    # What is exempt of the decay is moved as by Adam; of a table all rows are moved.
    np.testing.assert_allclose(bias.numpy(), plain.numpy(), rtol=1e-4)
    np.testing.assert_allclose(table.numpy(), same.numpy(), rtol=1e-5)


def test_what_is_exempt_does_not_decay():
    exempt, decayed = variable((2, 2), "gamma"), variable((2, 2), "kernel")
    optimizer = LazyAdamW(0.5, weight_decay=0.5, decayed=[False, True])
    optimizer.apply([tf.zeros((2, 2))] * 2, [exempt, decayed])
    np.testing.assert_array_equal(exempt.numpy(), variable((2, 2), "gamma").numpy())
    np.testing.assert_allclose(decayed.numpy(), 0.75 * variable((2, 2), "kernel").numpy())


def test_clipping_uses_the_norm_of_all_gradients_together():
    # Adam's first step hides the scale of a gradient; its first moment shows it.
    optimizer = LazyAdamW(0.0, clip_norm=1.0)
    first, second = variable((1,), "a"), variable((1, 1), "b")
    optimizer.apply(
        [tf.constant([3.0]), tf.IndexedSlices([[2.0], [2.0]], [0, 0], [1, 1])], [first, second]
    )
    moments = [v.numpy().item() for v in optimizer.variables if "momentum" in v.path]
    assert sorted(moments) == pytest.approx([0.1 * 3 / 5, 0.1 * 4 / 5])


def test_a_variable_without_gradient_stays():
    used, unused = variable((2,), "used"), variable((2,), "unused")
    LazyAdamW(0.1, weight_decay=0.1).apply([tf.ones(2), None], [used, unused])
    np.testing.assert_array_equal(unused.numpy(), [-1, 1])
    assert (used.numpy() != [-1, 1]).all()


def test_trains_inside_a_graph_through_fit():
    model = keras.Sequential([keras.layers.Embedding(10, 4), keras.layers.Flatten()])
    model.add(keras.layers.Dense(1))
    model.compile(optimizer=LazyAdamW(0.05), loss="mse")
    ids = np.random.default_rng(0).integers(0, 10, (64, 3))
    losses = model.fit(ids, ids.sum(axis=1) / 30.0, epochs=20, verbose=0).history["loss"]
    assert losses[-1] < losses[0] / 4


def test_optimizer_and_schedule_survive_serialisation():
    optimizer = LazyAdamW(
        LinearWarmupDecay(1e-3, 5, 50), weight_decay=0.2, clip_norm=None, decayed=[True, False]
    )
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(optimizer))
    assert again.get_config() == optimizer.get_config()


@pytest.mark.parametrize("warmup", [0, 1, 5, 20])
def test_rate_rises_to_its_peak_falls_and_is_never_zero(warmup):
    rates = [float(LinearWarmupDecay(2.0, warmup, 20)(step)) for step in range(20)]
    peak = max(warmup - 1, 0)
    assert max(rates) == pytest.approx(2.0, rel=0.06)
    assert np.argmax(rates) == peak
    assert (np.diff(rates[: peak + 1]) > 0).all() and (np.diff(rates[peak:]) < 0).all()
    assert min(rates) > 0


@pytest.mark.parametrize("native", [True, False], ids=["native", "hub"])
def test_lower_layers_of_the_encoder_are_moved_less_and_the_head_more(tiny_encoder, native):
    # Which reads the pooler.
    model = ModelSettings(max_tokens=48, native=native, pooling="first")
    classifier = build_classifier(tiny_encoder, model, 2, "float32")
    variables, encoder = classifier.trainable_variables, classifier.encoder

    factors = layer_rates(classifier, 0.5)

    # The head's two come last; before them those of the encoder, whose two layers are 1 and 2.
    assert factors[-2:] == [10.0, 10.0]
    depths = [encoder.depth_of(variable) for variable in variables[:-2]]
    assert sorted(set(depths)) == [0, 1, 2, 3]
    assert factors[:-2] == [[0.25, 0.5, 1.0, 1.0][depth] for depth in depths]
    assert layer_rates(classifier, 1.0) == [1.0] * len(depths) + [10.0, 10.0]


@pytest.mark.parametrize("native", [True, False], ids=["native", "hub"])
def test_norms_and_biases_do_not_decay(tiny_encoder, native):
    # Which reads the pooler.
    model = ModelSettings(max_tokens=48, native=native, pooling="first")
    classifier = build_classifier(tiny_encoder, model, 2, "float32")
    decayed = decayed_variables(classifier)
    exempt = {
        variable.path.rpartition("_")[2].rpartition("/")[2]
        for variable, decays in zip(classifier.trainable_variables, decayed, strict=True)
        if not decays
    }
    assert exempt == {"bias", "gamma", "beta"}
    tables_and_kernels = 5 + 2 * (4 if native else 6)
    assert sum(decayed) == tables_and_kernels


def test_a_factor_scales_the_step_of_its_variable():
    weights = [keras.Variable([1.0]), keras.Variable([1.0])]
    optimizer = LazyAdamW(0.1, weight_decay=0.0, clip_norm=None, rate_factors=[1.0, 0.5])
    optimizer.apply([tf.constant([1.0]), tf.constant([1.0])], weights)
    assert [round(float(weight[0]), 3) for weight in weights] == [0.9, 0.95]
