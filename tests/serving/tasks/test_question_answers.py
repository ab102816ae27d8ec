"""From the outputs of a model that answers questions to what people and programs read."""

from __future__ import annotations

import asyncio
import types

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reviewlens.errors import RunError
from reviewlens.serving import Answer
from reviewlens.serving.tasks.question_answering import answers

CONTEXT = "Naïve 👍🏽 [sic], lasts two days."
FOUND = [Answer("two days", 22, 30, 0.93456789), Answer("", 0, 0, 0.5)]


def tensors():
    """As they come from a server."""
    names = ("text", "start", "end", "score")
    columns = [[getattr(answer, name) for answer in FOUND] for name in names]
    return dict(zip(answers.OUTPUTS, columns, strict=True))


def read(given, rows=2):
    reader = answers.make_reader("questions", None, RunError)
    inputs = dict.fromkeys(answers.INPUTS, [b""] * rows)
    return asyncio.run(reader.read(inputs, types.SimpleNamespace(tensors=given, version=None)))


def test_an_answer_is_the_same_wherever_it_comes_from():
    assert read(tensors()) == FOUND
    texts = np.array([b"two days", b""], object)
    arrays = {name: np.array(values) for name, values in tensors().items()} | {"answer": texts}
    assert list(answers.read_arrays(arrays, [])) == FOUND
    # A proxy that writes JSON anew may leave the point out.
    (score,) = {type(answer.score) for answer in read(tensors() | {"score": [1, 0.5]})}
    assert score is float


def test_the_context_is_shown_with_its_answer_marked():
    assert FOUND[0].shown(CONTEXT) == "Naïve 👍🏽 [sic], lasts [two days]."
    assert FOUND[1].shown(CONTEXT) == CONTEXT
    assert [answer.cells() for answer in FOUND] == [[("score", "0.935")], [("score", "0.500")]]


def test_a_row_and_a_line_of_json_have_the_answer_and_where_it_stands():
    assert [answer.rows() for answer in FOUND] == [
        [
            {
                "predicted_answer": "two days",
                "predicted_answer_start": 22,
                "predicted_answer_end": 30,
                "predicted_answer_score": 0.934568,
            }
        ],
        [
            {
                "predicted_answer": "",
                "predicted_answer_start": 0,
                "predicted_answer_end": 0,
                "predicted_answer_score": 0.5,
            }
        ],
    ]
    record = FOUND[0].record()
    assert list(record) == list(FOUND[0].rows()[0])
    assert (record["predicted_answer_end"], record["predicted_answer_score"]) == (30, 0.934568)


def test_pairs_are_rows_and_a_text_is_no_pair():
    assert list(answers.rows_of_pairs([("a?", "b")])) == [{"question": "a?", "context": "b"}]
    with pytest.raises(TypeError, match="'a\\?' is a single str"):
        list(answers.rows_of_pairs(["a?", "b"]))
    with pytest.raises(ValueError):
        list(answers.rows_of_pairs([("a?", "b", "c")]))


VALUES = st.none() | st.integers(-1, 3) | st.floats(0, 1) | st.sampled_from(["", "two"])
NESTED = st.recursive(VALUES, lambda inner: st.lists(inner, max_size=3), max_leaves=6)


@given(changed=st.dictionaries(st.sampled_from(answers.OUTPUTS), NESTED, min_size=1))
@settings(max_examples=100, deadline=None, derandomize=True)
def test_whatever_a_server_gives_is_answers_or_an_error(changed):
    try:
        found = read(tensors() | changed)
    except RunError as error:
        assert "of the model questions is not one value for each question" in str(error)
    else:
        assert len(found) == 2
        for answer in found:
            assert isinstance(answer.start, int) and isinstance(answer.score, float)
            assert isinstance(answer.end, int) and isinstance(answer.text, str)
    with pytest.raises(RunError, match="answer of the model questions is not one"):
        read(tensors(), rows=1)
