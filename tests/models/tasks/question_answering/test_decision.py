"""Answers that logits stand for: the likeliest of all windows, or none, with honest scores."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from reviewlens.models import AnswerDecision, Calibration, ReadPairs
from reviewlens.models.tasks.probabilities import calibration_error
from reviewlens.models.tasks.question_answering.decision import Spans, find_spans
from reviewlens.models.tasks.question_answering.threshold import tune_threshold


def read_at_random(random, sizes):
    """Logits of windows of these sizes, one list a text, and what they are of."""
    lengths = [size for windows in sizes for size in windows]
    total = sum(lengths)
    logits = random.normal(0, 2, (total, 2)).astype(np.float32)
    parts = np.repeat(np.arange(len(sizes)), [len(windows) for windows in sizes])
    read = ReadPairs(parts, random.random(total) < 0.7, random.random(total) < 0.8, len(sizes))
    return tf.RaggedTensor.from_row_lengths(logits, lengths), read


def by_trial(logits, read, text, longest):
    """The answers of a text with their logits, by trying all, and the logit of none."""
    found, nones = {}, []
    for window in np.flatnonzero(read.parts == text):
        begin, end = logits.row_splits.numpy()[window : window + 2]
        values = logits.values.numpy()
        nones.append(values[begin].sum())
        for first in range(begin, end):
            for last in range(first, min(first + longest, end)):
                if read.own[first] and read.context[first] and read.context[last]:
                    found[first, last] = values[first, 0] + values[last, 1]
    return found, min(nones)


SIZES = st.lists(st.lists(st.integers(1, 9), min_size=1, max_size=3), min_size=1, max_size=4)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(sizes=SIZES, longest=st.integers(1, 10), seed=st.integers(0, 999))
def test_the_answer_is_the_likeliest_of_all(sizes, longest, seed):
    logits, read = read_at_random(np.random.default_rng(seed), sizes)
    spans = find_spans(logits, read, longest)
    for text in range(len(sizes)):
        answers, none = by_trial(logits, read, text, longest)
        assert spans.none[text].numpy() == none
        if not answers:
            assert spans.best[text] < -1e8
            continue
        best = max(answers, key=answers.get)
        assert (spans.first[text], spans.last[text]) == best
        np.testing.assert_allclose(spans.best[text], answers.pop(best), rtol=1e-6)
        others = np.log(np.exp(list(answers.values())).sum()) if answers else -60
        np.testing.assert_allclose(max(spans.others[text], -60), others, atol=1e-4)


def test_nothing_changes_with_what_is_read_besides():
    random = np.random.default_rng(3)
    logits, read = read_at_random(random, [[9, 9], [7], [40_000], [3]])
    decision = AnswerDecision.unfitted()
    found, first, last, scores = (part.numpy() for part in decision.answers(logits, read))
    begin = 0
    for text in range(4):
        windows = read.parts == text
        part = tf.ragged.boolean_mask(logits, windows)
        of_part = slice(begin, begin + len(part.values))
        alone = ReadPairs(np.zeros(windows.sum(), int), read.own[of_part], read.context[of_part], 1)
        again = [one.numpy()[0] for one in decision.answers(part, alone)]
        assert again[:3] == [found[text], first[text] - begin, last[text] - begin]
        np.testing.assert_allclose(again[3], scores[text], atol=1e-6)
        begin = of_part.stop
    none = ReadPairs(read.parts[:0], read.own[:0], read.context[:0], 0)
    assert [part.shape[0] for part in decision.answers(logits[:0], none)] == [0] * 4


def some_spans(random, count):
    """Spans of logits that are twice as sure as they should be, and what is true."""
    likely = random.dirichlet([0.7, 0.4, 0.7], count)
    truth = [random.choice(3, p=row) for row in likely]
    best, others, none = 2 * np.log(np.maximum(likely, 1e-6)).T.astype(np.float32)
    nowhere = np.zeros(count, int)
    return Spans(nowhere, nowhere, best, others, none), np.array(truth)


def fitted(spans, truth):
    exact = truth == 0
    return AnswerDecision.fit(spans, exact * 1.0, exact, truth != 2, 30)


def test_scores_are_as_sure_as_they_are_right():
    random = np.random.default_rng(7)
    decision = fitted(*some_spans(random, 4000))
    spans, truth = some_spans(random, 4000)
    errors = []
    for one in (AnswerDecision.unfitted(decision.threshold), decision):
        found, scores = one.decided(spans)
        errors.append(calibration_error(scores, np.where(found, truth == 0, truth == 2)))
    assert errors[1] < 0.03 < errors[0]


def test_the_graph_answers_what_was_fitted_in_memory():
    random = np.random.default_rng(5)
    decision = fitted(*some_spans(random, 300))
    again = AnswerDecision.from_facts(json.loads(json.dumps(decision.facts())), 30)
    assert again == decision
    sizes = [random.integers(1, 30, random.integers(1, 4)).tolist() for _ in range(60)]
    logits, read = read_at_random(random, sizes)
    spans = find_spans(logits, read, 30)
    found, scores = decision.decided(Spans(**{k: v.numpy() for k, v in vars(spans).items()}))

    signature = [tf.RaggedTensorSpec([None, None, 2], tf.float32, 1, tf.int64)]
    graph = tf.function(lambda given: decision.answers(given, read), input_signature=signature)
    given, first, last, score = graph(logits)
    assert 0 < found.sum() < len(found)
    np.testing.assert_array_equal(given, found)
    np.testing.assert_array_equal(first, spans.first)
    np.testing.assert_array_equal(last, spans.last)
    np.testing.assert_allclose(score, scores, atol=1e-4)
    assert (score.dtype, first.dtype) == (tf.float32, tf.int64)


def test_there_is_an_answer_wherever_there_always_was_one():
    random = np.random.default_rng(9)
    spans, truth = some_spans(random, 200)
    decision = AnswerDecision.fit(spans, truth == 0, truth == 0, np.ones(200, bool), 30)
    assert decision.threshold is None and decision.decided(spans)[0].all()
    assert AnswerDecision.from_facts(decision.facts(), 30) == decision
    # But none can be given of a text without a token.
    blank = dataclasses.replace(spans, best=np.full(200, -1e9, np.float32), others=spans.none - 99)
    found, scores = decision.decided(blank)
    assert not found.any() and (scores > 0.99).all()


def test_nothing_to_fit_on_is_no_error():
    empty = np.zeros(0, np.float32)
    decision = AnswerDecision.fit(Spans(*[empty] * 5), empty, empty > 0, empty > 0, 30)
    assert decision == AnswerDecision.unfitted(None)


def test_the_threshold_is_where_answers_begin_to_cost_more_than_they_gain():
    random = np.random.default_rng(11)

    def some(count):
        doubt = random.normal(0, 4, count)
        # Above 1 it is likelier that there is no answer.
        answered = random.random(count) < 1 / (1 + np.exp(doubt - 1))
        return doubt, np.where(answered, 1.0, -1.0)

    assert abs(tune_threshold(*some(20_000)) - 1) < 0.3
    # Less is lost by a few texts' threshold than by what is best of just these.
    doubt, gains = some(20_000)

    def gain(threshold):
        return gains[doubt <= threshold].sum() / len(gains)

    smooth, best = [], []
    for _ in range(60):
        few, of_few = some(40)
        smooth.append(gain(tune_threshold(few, of_few)))
        sums = [of_few[few <= at].sum() for at in few]
        best.append(gain(few[int(np.argmax(sums))]))
    assert np.mean(smooth) > np.mean(best)
    # Of few texts whose answers are hardly ever right most are given none.
    few = random.normal(0, 2, 40)
    assert -3.5 < tune_threshold(few, np.where(random.random(40) < 0.75, 0.1, -1.0)) < -1.5
    # One value alone says nothing of where it changes.
    assert np.isfinite(tune_threshold(np.zeros(5), np.ones(5)))
    assert tune_threshold(np.zeros(0), np.zeros(0)) == 0


def test_a_calibration_is_the_identity_where_it_is_not_fitted():
    assert AnswerDecision.unfitted().of_answers == Calibration(1.0, (0.0, 0.0))
