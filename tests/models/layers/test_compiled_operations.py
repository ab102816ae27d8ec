"""Training's compiled operations against the plain ones and against differences of their own."""

from __future__ import annotations

import os

import numpy as np
import pytest
import tensorflow as tf

from reviewlens.models.layers.compiled_operations import CompiledOperations, cross_entropy
from reviewlens.models.layers.plain_operations import PlainOperations
from reviewlens.models.memory import give_back_memory

EPSILON = 1e-12
SEED = (3, 4)


def compiled(dropout: float, dtype: str = "float32", approximate: bool = True, seed=SEED):
    return CompiledOperations(dtype, EPSILON, approximate, dropout, tf.constant(seed), calls=1)


def _tensors(*shapes: tuple[int, ...]) -> list[tf.Tensor]:
    random = np.random.default_rng(0)
    return [tf.constant(random.normal(size=shape), tf.float32) for shape in shapes]


def _padding(batch: int, length: int) -> tf.Tensor:
    """Hides the last token of the first review."""
    padding = np.zeros((batch, 1, 1, length), np.float32)
    padding[0, ..., -1] = -1e9
    return tf.constant(padding)


# Name of each operation, the shapes of what it takes, and how it is called.
OPERATIONS = {
    "normalize": ([(6, 8), (8,), (8,)], lambda on, *given: on.normalize(*given)),
    "attention_weights": (
        [(2, 2, 5, 4), (2, 2, 5, 4)],
        lambda on, query, key: on.attention_weights(query, key, _padding(2, 5), 0.5),
    ),
    "activate": ([(6, 8), (8,)], lambda on, *given: on.activate(*given)),
    "add_and_normalize": (
        [(6, 8), (6, 8), (8,), (8,), (8,)],
        lambda on, *given: on.add_and_normalize(*given),
    ),
}


@pytest.fixture(params=OPERATIONS)
def operation(request):
    shapes, call = OPERATIONS[request.param]
    return call, _tensors(*shapes)


def _outputs_and_gradients(call, operations, given):
    with tf.GradientTape() as tape:
        tape.watch(given)
        outputs = call(operations, *given)
        # A sum alone would have no gradient through norms and softmax.
        loss = tf.reduce_sum(tf.cast(outputs, tf.float32) ** 3)
    return outputs, tape.gradient(loss, given)


@pytest.mark.parametrize("approximate", [True, False], ids=["tanh", "erf"])
def test_without_dropout_they_are_the_plain_ones(operation, approximate):
    call, given = operation
    ours = _outputs_and_gradients(call, compiled(0.0, approximate=approximate), given)
    plain = PlainOperations(EPSILON, approximate, fuse_norms=False)
    theirs = _outputs_and_gradients(call, plain, given)
    for one, other in zip(tf.nest.flatten(ours), tf.nest.flatten(theirs), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4)


def test_gradients_drop_what_the_outputs_dropped(operation):
    call, given = operation
    found, expected = tf.test.compute_gradient(
        lambda *given: call(compiled(0.4), *given), given, delta=1e-2
    )
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, atol=2e-2)


def test_in_bfloat16_they_stay_near_float32(operation):
    call, given = operation
    exact = _outputs_and_gradients(call, compiled(0.1), given)
    rounded = [tf.cast(value, tf.bfloat16) for value in given]
    ours = _outputs_and_gradients(call, compiled(0.1, "bfloat16"), rounded)
    assert ours[0].dtype == tf.bfloat16
    for one, other in zip(tf.nest.flatten(ours), tf.nest.flatten(exact), strict=True):
        assert one.dtype == tf.bfloat16
        scale = float(tf.reduce_max(tf.abs(other)))
        np.testing.assert_allclose(tf.cast(one, tf.float32), other, atol=0.1 * scale)


def test_the_share_that_is_dropped_and_the_mean_that_is_kept():
    # All weights are 1 / 100 where no score differs from another.
    zeros = tf.zeros([4, 4, 100, 2])
    weights = compiled(0.3).attention_weights(zeros, zeros, tf.zeros([4, 1, 1, 100]), 1.0)
    kept = np.asarray(weights) > 0
    assert kept.mean() == pytest.approx(0.7, abs=0.005)
    np.testing.assert_allclose(np.asarray(weights)[kept], 0.01 / 0.7, rtol=1e-5)
    # No row, column or head is dropped more often than chance has it.
    for axis in range(4):
        shares = kept.mean(axis=tuple(set(range(4)) - {axis}))
        assert np.abs(shares - 0.7).max() < 0.05


def test_each_dropout_has_a_mask_of_its_own():
    operations = CompiledOperations("float32", EPSILON, True, 0.5, tf.constant(SEED), calls=2)
    values, ones, zeros = tf.random.normal([64, 64]), tf.ones([64]), tf.zeros([64])
    first, second = (operations.normalize(values, ones, zeros) == 0 for _ in range(2))
    again = compiled(0.5).normalize(values, ones, zeros) == 0
    other = compiled(0.5, seed=(3, 5)).normalize(values, ones, zeros) == 0
    assert np.mean(first == second) == pytest.approx(0.5, abs=0.05)
    assert np.mean(again == other) == pytest.approx(0.5, abs=0.05)


def test_a_mask_is_a_hash_of_seed_and_position():
    def mix(bits):
        for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B)):
            bits ^= bits >> np.uint32(shift)
            bits *= np.uint32(factor)
        return bits ^ (bits >> np.uint32(16))

    (seed,) = tf.random.stateless_uniform([1], SEED, None, None, tf.uint32).numpy()
    positions = np.arange(2 * 3 * 40 * 40, dtype=np.uint32)
    kept = mix(mix(positions) ^ seed) >= np.uint32(int(0.3 * 2**32))
    key, query = _tensors((2, 3, 40, 4), (2, 3, 40, 4))
    weights = compiled(0.3).attention_weights(query, key, _padding(2, 40)[:, :, :, :1] * 0, 0.5)
    assert (weights.numpy().ravel() != 0).tolist() == kept.tolist()


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="asks Linux for its memory")
def test_the_programs_of_many_shapes_take_little_memory():
    ones, zeros = tf.ones([384]), tf.zeros([384])

    @tf.function(input_signature=[tf.TensorSpec([None, 384]), tf.TensorSpec([None, 384])])
    def call(hidden, update):
        return compiled(0.1).add_and_normalize(hidden, update, zeros, ones, zeros)

    def resident():
        # What is held, not what was freed.
        give_back_memory()
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    call(*[tf.zeros([6000, 384])] * 2)
    before = resident()
    for tokens in range(4000, 6000, 200):
        call(*[tf.zeros([tokens, 384])] * 2)
    # With positions as constants in each program it was more than 200 MB.
    assert resident() - before < 80e6


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_cross_entropy_is_that_of_tensorflow(dtype):
    random = np.random.default_rng(0)
    # Among them such as have no exponential in float32.
    logits = tf.constant(random.normal(0, 40, (7, 1000)), dtype)
    labels = tf.constant(random.integers(0, 1000, 7), tf.int32)
    weights = tf.constant(random.random(7), tf.float32)
    found = []
    for costs in (
        cross_entropy,
        lambda logits, labels: tf.nn.sparse_softmax_cross_entropy_with_logits(
            labels, tf.cast(logits, tf.float32)
        ),
    ):
        with tf.GradientTape() as tape:
            tape.watch(logits)
            of_rows = costs(logits, labels)
            total = tf.reduce_sum(of_rows * weights)
        gradient = tape.gradient(total, logits)
        assert gradient.dtype == dtype
        found.append((of_rows.numpy(), tf.cast(gradient, tf.float32).numpy()))
    for ours, theirs in zip(*found, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-6)
