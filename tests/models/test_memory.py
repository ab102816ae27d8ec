"""What a process gives back of the memory that it has freed."""

from __future__ import annotations

import os
import sys

import pytest
import tensorflow as tf

from reviewlens.models.memory import forgetting_gradients, give_back_memory

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

MB = 1 << 20


def resident() -> int:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")


def test_gives_back_freed_tensors_and_leaves_the_others_as_they_are():
    tensors = [tf.fill([MB // 4 * size], float(size)) for size in range(1, 24)]
    full = resident()
    kept = {size: tensors[size - 1] for size in (2, 9, 20)}
    del tensors
    give_back_memory()

    # 276 MB were taken, and 31 are in use.
    assert full - resident() > 200 * MB
    for size, tensor in kept.items():
        assert tensor.numpy().min() == tensor.numpy().max() == size


def test_what_was_given_back_can_be_taken_again():
    for value in (1.0, 2.0):
        tensor = tf.fill([64 * MB // 4], value)
        assert tensor.numpy().min() == tensor.numpy().max() == value
        del tensor
        give_back_memory()


def test_circles_of_objects_go_as_well():
    circle = [tf.zeros([64 * MB // 4])]
    circle.append(circle)
    full = resident()
    del circle
    give_back_memory()

    assert full - resident() > 48 * MB


def test_a_graph_with_gradients_of_its_own_goes_with_its_variables():
    @tf.custom_gradient
    def double(values):
        return 2 * values, lambda upstream: 2 * upstream + 0 * values

    def make_step():
        variable = tf.Variable(tf.ones([64 * MB // 4]))

        @tf.function
        def step():
            with tf.GradientTape() as tape:
                total = tf.reduce_sum(double(variable))
            return tape.gradient(total, variable)

        return step

    with forgetting_gradients():
        step = make_step()
        assert step()[0] == 2.0
    # The tape has recorded it.
    assert step()[0] == 2.0
    full = resident()
    del step
    give_back_memory()

    assert full - resident() > 48 * MB
