"""Which tokens of a text are of an answer: those that have some of its characters."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from reviewlens.models import (
    BytePairTokenizer,
    ModelSettings,
    QuestionAnswering,
    TokenizedTexts,
    Windows,
    WordpieceTokenizer,
    answer_targets,
    join_offsets,
    join_pairs,
)
from reviewlens.models.encoders.truncation import UNCUT
from reviewlens.models.tasks.question_answering.judging import Truth
from reviewlens.models.tasks.question_answering.targets import ELSEWHERE, HERE, NONE

TEXT = st.lists(
    st.sampled_from(["the", "Fits", "well", " ", "é", "!", "👍🏽", "xylophones", "\n", "質量"]),
    max_size=12,
).map(" ".join)


@st.composite
def questions(draw):
    """A question, a text, and the ends of some parts of it."""
    text = draw(TEXT)
    places = st.integers(0, max(len(text) - 1, 0))
    spans = st.builds(lambda a, b: [a, min(a + b, len(text))], places, st.integers(1, 9))
    return draw(TEXT), text, draw(st.lists(spans, max_size=3)) if text else []


@pytest.fixture(scope="module")
def tokenizers(tiny_vocabulary, byte_pair_files):
    return [
        WordpieceTokenizer(tiny_vocabulary, lower_case=True, max_tokens=UNCUT),
        BytePairTokenizer({"tokenizer.json": byte_pair_files["tokenizer.json"]}, max_tokens=UNCUT),
    ]


def targets_of(tokenizer, rows):
    """Tokens of pairs with `seconds`, offsets, and what `answer_targets` gives."""
    asked, texts, spans = zip(*rows, strict=True)
    texts = tf.constant(texts)
    first = tokenizer(tf.constant(asked))
    second, *offsets = tokenizer.tokenize_with_offsets(texts)
    tokens, seconds = join_pairs(tokenizer, first, second)
    starts, ends = (join_offsets(tokenizer, first, of) for of in offsets)
    flat = np.array([span for of_text in spans for span in of_text], np.int64).reshape(-1, 2)
    ragged = tf.RaggedTensor.from_row_lengths(flat, [len(of_text) for of_text in spans])
    return tokens, seconds, starts, ends, answer_targets(texts, starts, ends, ragged)


@settings(max_examples=12, deadline=None, derandomize=True)
@given(st.lists(questions(), min_size=1, max_size=4))
def test_a_token_is_of_an_answer_that_it_has_some_of(tokenizers, rows):
    for tokenizer in tokenizers:
        tokens, seconds, starts, ends, found = targets_of(tokenizer, rows)
        assert found["answered"].numpy().tolist() == [int(bool(spans)) for *_, spans in rows]
        for row, (_, text, spans) in enumerate(rows):
            bits, cut = [], set()
            for begin, end in zip(starts[row].numpy(), ends[row].numpy(), strict=True):
                # From bytes to characters.
                begin, end = (len(text.encode()[:at].decode()) for at in (begin, end))
                inside = [begin < b and a < end for a, b in spans]
                bits.append(sum(of << k for k, of in enumerate(inside)) if begin < end else -1)
                cut |= {k for k, s in enumerate(spans) if any(begin < at < end for at in s)}
            assert found["answers"][row].numpy().tolist() == bits
            assert found["cut"][row] == len(cut)
            assert set(bits[: seconds[row]]) == {-1} and bits[-1] == -1
            assert len(bits) == len(tokens[row])


def test_answers_behind_the_thirtieth_do_not_count(tokenizers):
    spans = [[0, 1], *[[1, 2]] * 40]
    (bits,) = targets_of(tokenizers[0], [("", "ab cd", spans)])[-1]["answers"].to_list()
    assert max(bits) == 2**30 - 2


@settings(max_examples=60, deadline=None, derandomize=True)
@given(data=st.data())
def test_windows_know_whether_they_have_the_answer(data):
    rows, seconds, answers = [], [], []
    for _ in range(data.draw(st.integers(1, 4))):
        head, size = data.draw(st.integers(3, 12)), data.draw(st.integers(0, 30))
        bits = np.zeros(size, int)
        for answer in range(data.draw(st.integers(0, 3)) if size else 0):
            begin = data.draw(st.integers(0, size - 1))
            bits[begin : begin + data.draw(st.integers(1, 12))] |= 1 << answer
        rows.append([1] * head + [5] * size + [2])
        answers.append([-1] * head + bits.tolist() + [-1])
        seconds.append(head)
    answered = [int(any(bit & 1 for bit in bits if bit > 0)) for bits in answers]
    whole = TokenizedTexts.from_rows(
        rows, {"answers": answers, "answered": answered}, ["answers"], seconds
    )
    asked = ModelSettings(max_tokens=16, max_question_tokens=6)
    read = QuestionAnswering().prepare(whole, asked)
    assert read.lengths.max() <= 16 and read.seconds.max() <= 6
    cut = Windows.of(asked, pairs=True).cut(whole.row_splits, whole.seconds)
    if read.parts is None:
        assert len(cut.parts) == len(whole)
    for row in range(len(cut.parts)):
        text = cut.parts[row]
        here = sum(
            b & 1 for b in read.targets["answers"][slice(*read.row_splits[row : row + 2])] if b > 0
        )
        there = sum(bit & 1 for bit in answers[text] if bit > 0)
        wanted = NONE if not answered[text] else HERE if here == there else ELSEWHERE
        assert read.targets["answered"][row] == wanted

    # An answer within a window is judged as if the text were whole.
    truth = Truth(read)
    assert truth.answered.tolist() == [bool(one) for one in answered]
    first, last, expected = [], [], []
    for text in range(len(rows)):
        (windows,) = np.nonzero(cut.parts == text)
        window = data.draw(st.sampled_from(windows.tolist()))
        begin, end = read.row_splits[window : window + 2]
        context = np.flatnonzero(read.targets["answers"][begin:end] >= 0) + begin
        if not len(context):
            first.append(begin), last.append(begin), expected.append((0, False))
            continue
        a = data.draw(st.integers(0, len(context) - 1))
        b = data.draw(st.integers(a, len(context) - 1))
        first.append(context[a]), last.append(context[b])
        places = set(
            cut.places[context[a : b + 1]] if read.parts is not None else context[a : b + 1]
        )
        golds = [
            {
                whole.row_splits[text] + i
                for i, bit in enumerate(answers[text])
                if bit > 0 and bit >> k & 1
            }
            for k in range(3)
        ]
        scores = [2 * len(places & gold) / (len(places) + len(gold)) for gold in golds if gold]
        expected.append((max(scores, default=0), places in golds))
    f1, exact = truth.judge(np.array(first), np.array(last))
    np.testing.assert_allclose(f1, [one for one, _ in expected])
    assert exact.tolist() == [one for _, one in expected]
