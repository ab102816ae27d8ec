"""Anybody's model under the rules, by `keras.Model.fit`."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from reviewlens.errors import RunError
from reviewlens.models import DebugCallback

INPUTS = np.random.default_rng(5).normal(size=(256, 8)).astype(np.float32)
TARGETS = INPUTS @ np.arange(8, dtype=np.float32)[:, None]


def fit(callback, rate=0.01, epochs=2, bias=0.0):
    """Fits a small network; a large negative `bias` kills the units of its hidden layer."""
    keras.utils.set_random_seed(3)
    hidden = keras.layers.Dense(16, activation="relu", name="hidden")
    model = keras.Sequential([keras.Input((8,)), hidden, keras.layers.Dense(1, name="out")])
    hidden.bias.assign(np.broadcast_to(bias, 16))
    model.compile(keras.optimizers.Adam(rate), "mse")
    callbacks = [callback] if callback else []
    model.fit(INPUTS, TARGETS, batch_size=16, epochs=epochs, verbose=0, callbacks=callbacks)
    return model


def test_sees_gradients_and_changes_nothing():
    callback = DebugCallback()
    watched, alone = fit(callback), fit(None)
    assert callback.findings == ()
    for one, other in zip(watched.get_weights(), alone.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert "apply" not in vars(watched.optimizer)


def test_finds_a_layer_that_is_dead():
    callback = DebugCallback()
    fit(callback, bias=-1e4)
    (finding,) = callback.findings
    assert (finding.rule, finding.step) == ("all_zero", 10)
    assert "hidden/kernel" in finding.message and "out/kernel" in finding.message


def test_stops_and_fails_as_a_rule_is_set():
    stopped = fit(DebugCallback({"all_zero": {"action": "stop"}}), bias=-1e4)
    assert int(stopped.optimizer.iterations) == 10
    with pytest.raises(RunError, match=r"all_zero, step 10: the gradient of "):
        fit(DebugCallback({"all_zero": {"action": "fail"}}), bias=-1e4)


def test_rejects_a_model_without_weights():
    model = keras.Sequential([keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match=r"begin it with a keras\.Input"):
        model.fit(INPUTS, TARGETS, verbose=0, callbacks=[DebugCallback()])


def test_rejects_a_rule_that_there_is_not():
    with pytest.raises(ValueError, match="there is no such rule"):
        DebugCallback({"overfitt": {}})


def test_finds_a_layer_of_which_most_units_are_dead():
    callback = DebugCallback()
    fit(callback, bias=[-1e4] * 12 + [0.0] * 4)
    (finding,) = callback.findings
    assert finding.rule == "dead_units" and finding.subject.endswith("hidden/bias")
    assert finding.message.startswith("75% of the units")
