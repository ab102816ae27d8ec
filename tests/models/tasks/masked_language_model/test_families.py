"""Pre-training each kind of encoder."""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf

from reviewlens.models import (
    MaskedModelSettings,
    PretrainingSettings,
    Scorer,
    TokenizedTexts,
    build_model,
    make_task,
    pad_batch,
    pad_targets,
)
from reviewlens.models.training.optimization import LazyAdamW, decayed_variables, layer_rates
from reviewlens.models.training.step import TrainStep


def test_each_kind_learns_what_texts_say(family, reviews):
    directory, native = family
    task = make_task("masked-language-model", masking="whole_words")
    settings = MaskedModelSettings(max_tokens=24, dropout=0.0, native=native)
    keras.utils.set_random_seed(4)
    model = build_model(task, directory, settings, "float32")
    # Whatever is hidden, what is beside it tells it.
    texts = [f"it is so {word} that it is {word}" for word in ("good", "bad", "great")] * 16
    rows = model.encoder.tokenizer(24)(tf.constant(texts)).to_list()
    data = TokenizedTexts.from_rows(rows, {})
    optimizer = LazyAdamW(
        2e-2, rate_factors=layer_rates(model, 0.9, 1.0), decayed=decayed_variables(model)
    )
    step = TrainStep(task, model, optimizer, task.loss(data, PretrainingSettings()), seed=1)
    inputs = pad_batch(data, np.arange(len(data)), model.encoder.inputs)
    score = Scorer(task.scored(model))
    before = task.measure(score(data), data).figures
    for _ in range(25):
        step(inputs, pad_targets(data, np.arange(len(data)), 0, task.targets))
    after = task.measure(score(data), data).figures
    assert after["mlm_loss"] < 0.5 * before["mlm_loss"], (before, after)
