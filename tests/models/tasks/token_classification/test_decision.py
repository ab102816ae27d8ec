"""Entities that logits of tags stand for: well-formed, the most likely ones, with honest scores."""

from __future__ import annotations

import dataclasses
import itertools
import json

import numpy as np
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from reviewlens.models import Calibration, EntityDecision
from reviewlens.models.tasks.probabilities import calibration_error
from reviewlens.models.tasks.token_classification.tags import (
    allowed_transitions,
    entities_of,
    is_inside,
)

PLAIN = EntityDecision(Calibration(1.0, (0.0,) * 5), Calibration(1.0, (0.0, 0.0)))


def softmax(logits):
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def best_by_trial(logits):
    """The most likely well-formed tags of one text, by trying all."""
    likely, allowed = np.log(softmax(logits.astype(float))), allowed_transitions(logits.shape[1])
    well_formed = (
        tags
        for tags in itertools.product(range(logits.shape[1]), repeat=len(logits))
        if not is_inside(logits.shape[1])[list(tags[:1])].any()
        and all(allowed[pair] for pair in itertools.pairwise(tags))
    )
    return max(well_formed, key=lambda tags: likely[range(len(tags)), list(tags)].sum())


@settings(max_examples=60, deadline=None, derandomize=True)
@given(lengths=st.lists(st.integers(0, 5), min_size=1, max_size=4), seed=st.integers(0, 999))
def test_the_tags_are_the_most_likely_ones_of_those_that_are_well_formed(lengths, seed):
    logits = np.random.default_rng(seed).normal(0, 2, (sum(lengths), 5)).astype(np.float32)
    rows = np.repeat(np.arange(len(lengths)), lengths)
    found = PLAIN.found(logits, rows)
    for row in range(len(lengths)):
        assert tuple(found.tags[rows == row]) == best_by_trial(logits[rows == row])


def test_the_graph_names_what_was_fitted_in_memory():
    random = np.random.default_rng(5)
    lengths = random.integers(0, 20, 60)
    rows = np.repeat(np.arange(60), lengths)
    logits = random.normal(0, 2, (len(rows), 5)).astype(np.float32)
    tags = PLAIN.found(logits + random.normal(0, 2, logits.shape), rows).tags
    decision = EntityDecision.fit(logits, rows, tags)
    again = EntityDecision.from_facts(json.loads(json.dumps(decision.facts())), "first")
    assert again == decision

    units = tf.RaggedTensor.from_row_lengths(logits, lengths)
    signature = [tf.RaggedTensorSpec([None, None, 5], tf.float32, 1, tf.int64)]
    graph = tf.function(decision.entities, input_signature=signature)
    row, first, last, kind, score = (part.numpy() for part in graph(units))
    found = decision.found(logits, rows)
    before = units.row_splits.numpy()[row]
    np.testing.assert_array_equal(first + before, found.first)
    np.testing.assert_array_equal(last + before, found.last)
    np.testing.assert_array_equal(kind, found.kinds)
    np.testing.assert_array_equal(row, rows[found.first])
    np.testing.assert_allclose(score, found.scores, atol=1e-4)
    # What else is in the batch changes nothing.
    for text in range(10):
        alone = graph(units[text : text + 1])
        assert alone[1].numpy().tolist() == first[row == text].tolist()
        np.testing.assert_allclose(alone[4], score[row == text], atol=1e-5)
    assert [part.shape[0] for part in graph(units[:0])] == [0] * 5


def test_scores_are_as_sure_as_they_are_right():
    random = np.random.default_rng(7)
    rows = np.repeat(np.arange(3000), 4)

    def some():
        logits = random.normal(0, 2, (len(rows), 5)).astype(np.float32)
        noise = 3 * random.gumbel(size=logits.shape)
        return logits, PLAIN.found(logits + noise, rows).tags

    logits, tags = some()
    decision = EntityDecision.fit(logits, rows, tags)
    fresh, truth = some()
    errors = []
    for one in (PLAIN, decision):
        found = one.found(fresh, rows)
        errors.append(calibration_error(found.scores, found.are_among(entities_of(truth, rows))))
    assert errors[1] < 0.03 < errors[0]


def test_nothing_to_fit_on_is_no_error():
    empty = EntityDecision.fit(np.zeros((0, 5), np.float32), np.zeros(0, int), np.zeros(0, int))
    assert empty == PLAIN
    logits = np.eye(5, dtype=np.float32)[[0, 0, 0]]
    outside = EntityDecision.fit(logits, np.zeros(3, int), np.zeros(3, int))
    assert len(outside.found(logits, np.zeros(3, int)).first) == 0


def test_an_entity_is_as_sure_as_its_weakest_tag_and_its_end():
    likely = np.array(
        [[0.1, 0.8, 0.1, 0, 0], [0.2, 0, 0.7, 0, 0.1], [0.6, 0.1, 0.3, 0, 0], [0.1, 0, 0, 0.9, 0]]
    )
    logits = np.log(np.maximum(likely, 1e-7)).astype(np.float32)
    found = PLAIN.found(logits, np.array([0, 0, 0, 1]))
    assert found.tags.tolist() == [1, 2, 0, 3]
    # The first one might go on behind its end; the text of the other one ends.
    np.testing.assert_allclose(found.scores, [0.7 * 0.7, 0.9], atol=1e-4)


def test_what_is_less_likely_than_not_is_named_where_f1_gains():
    random = np.random.default_rng(11)

    def some():
        likely = random.beta(0.5, 2, 20_000)
        logits = np.log(np.stack([1 - likely, likely, np.full(20_000, 1e-9)], axis=1))
        return logits.astype(np.float32), (random.random(20_000) < likely).astype(np.int64)

    rows = np.arange(20_000)
    decision = EntityDecision.fit(*some()[:1], rows, np.zeros(20_000, int))
    assert decision.outside == 0
    logits, tags = some()
    decision = EntityDecision.fit(logits, rows, tags)
    fresh, truth = some()

    def f1(one):
        named = one.found(fresh, rows).tags
        return 2 * np.sum((named == 1) & (truth == 1)) / np.sum((named == 1) * 1 + truth)

    assert decision.outside > 0
    assert f1(decision) > f1(dataclasses.replace(decision, outside=0.0)) + 0.02
