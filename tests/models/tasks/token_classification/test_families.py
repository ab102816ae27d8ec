"""Entities through each kind of encoder: learnt in memory, and found by a graph in whole texts."""

from __future__ import annotations

import re

import keras
import numpy as np
import pytest
import tensorflow as tf

from reviewlens.models import (
    Characters,
    ModelSettings,
    Scorer,
    TokenClassification,
    TokenizedTexts,
    TrainingSettings,
    build_model,
    pad_batch,
    pad_targets,
    piece_targets,
)
from reviewlens.models.encoders.truncation import UNCUT
from reviewlens.models.tasks.token_classification.units import unit_outputs
from reviewlens.models.training.step import TrainStep
from reviewlens.serving.text_models.encoder import EncoderModel

TASK = TokenClassification(("thing",))


@pytest.fixture(scope="module")
def built(family):
    """A tagger on an encoder of random weights, and its settings."""
    directory, native = family
    settings = ModelSettings(max_tokens=24, stride=10, dropout=0.0, native=native)
    keras.utils.set_random_seed(4)
    return build_model(TASK, directory, settings, "float32"), settings


def test_entities_are_learnt_and_found_beyond_what_one_window_reads(built, reviews):
    model, settings = built
    texts = [text for text in reviews if re.search(r"\b[Tt]he \w", text)][:48]
    texts += [" ".join(texts[:6])]
    given = tf.constant(texts)
    tokenizer = model.encoder.tokenizer(UNCUT)
    tokens, *offsets = tokenizer.tokenize_with_offsets(given)
    places = [[*match.span(), 0] for text in texts for match in re.finditer(r"\b[Tt]he \w+", text)]
    counts = [len(re.findall(r"\b[Tt]he \w+", text)) for text in texts]
    spans = tf.RaggedTensor.from_row_lengths(np.array(places, np.int64), counts)
    targets = piece_targets(given, *offsets, spans)
    columns = {name: targets[name].to_list() for name in ("tag", "word")}
    whole = TokenizedTexts.from_rows(tokens.to_list(), columns, list(columns))
    data = TASK.prepare(whole, settings)
    assert data.parts is not None and data.lengths.max() <= 24

    step = TrainStep(TASK, model, keras.optimizers.Adam(1e-2), TASK.loss(data, TrainingSettings()))
    rows = np.arange(len(data))
    inputs = pad_batch(data, rows, model.encoder.inputs)
    wanted = pad_targets(data, rows, inputs["input_word_ids"].shape[1], TASK.targets)
    for _ in range(40):
        step(inputs, wanted)
    outputs = Scorer(model, per_token=True)(data)
    decision = TASK.fit_decision(outputs, data)
    assert TASK.evaluate(outputs, data, decision)["f1"] > 0.5
    tags = TASK.decided(outputs, data, decision)

    served = EncoderModel.of(model, TASK, settings)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
    def find(text):
        units, starts, ends = unit_outputs(
            served(text), served.tokenizer.tokenize_with_offsets(text), Characters(text), "first"
        )
        row, first, last, *_ = decision.entities(units)
        begin = tf.gather(units.row_splits, row)
        return row, tf.gather(starts.values, begin + first), tf.gather(ends.values, begin + last)

    found = {
        (row, texts[row].encode()[start:end].decode())
        for row, start, end in np.stack([part.numpy() for part in find(given)], axis=1)
    }
    there = {
        (row, match.group())
        for row, text in enumerate(texts)
        for match in re.finditer(r"\b[Tt]he \w+", text)
    }
    assert len(found & there) > 0.4 * len(there)
    # The graph names as many as were decided on in memory, but for numbers on the edge.
    assert abs(len(find(given)[0]) - np.sum(tags % 2 == 1)) <= 3
