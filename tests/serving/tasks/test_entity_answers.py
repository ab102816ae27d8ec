"""From the padded outputs of a model that finds entities to what people and programs read."""

from __future__ import annotations

import asyncio
import types

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reviewlens.errors import RunError
from reviewlens.serving import Entities, Entity
from reviewlens.serving.tasks.token_classification import answers

TEXT = "Naïve [sic] pasta, 👍🏽 wine"
PASTA = Entity(12, 17, "food", 0.9834, "pasta")
WINE = Entity(22, 26, "drink", 0.5, "wine")
FOUND = [Entities((PASTA, WINE)), Entities(())]


def outputs(found):
    """As the served model gives them."""
    width = max(len(each.entities) for each in found)

    def padded(name, nothing, dtype):
        rows = [[getattr(entity, name) for entity in each.entities] for each in found]
        rows = [row + [nothing] * (width - len(row)) for row in rows]
        if dtype is object:
            rows = [[text.encode() for text in row] for row in rows]
        return np.array(rows, dtype).reshape(len(found), width)

    return {
        "start": padded("start", 0, np.int64),
        "end": padded("end", 0, np.int64),
        "label": padded("label", "", object),
        "score": padded("score", 0.0, np.float32),
        "entity": padded("text", "", object),
        "count": np.array([len(each.entities) for each in found], np.int64),
    }


def tensors(found):
    """As they come from a server."""
    lists = {name: value.tolist() for name, value in outputs(found).items()}
    for name in ("label", "entity"):
        lists[name] = [[text.decode() for text in row] for row in lists[name]]
    return lists


def read(given, texts):
    reader = answers.make_reader("aspects", None, RunError)
    reply = types.SimpleNamespace(tensors=given, version=None)
    return asyncio.run(reader.read({"text": texts}, reply))


def rounded(found):
    return [
        [(e.start, e.end, e.label, pytest.approx(e.score), e.text) for e in each.entities]
        for each in found
    ]


def plain(found):
    return [[(e.start, e.end, e.label, e.score, e.text) for e in each.entities] for each in found]


@pytest.mark.parametrize("found", [FOUND, FOUND[::-1], [Entities(())] * 2, []])
def test_padding_is_left_out_wherever_the_answer_comes_from(found):
    if found:
        assert plain(answers.read_arrays(outputs(found), [])) == rounded(found)
        assert plain(read(tensors(found), [b""] * len(found))) == rounded(found)
    assert set(outputs(FOUND)) == set(answers.OUTPUTS)


def test_a_text_is_shown_with_its_entities_marked():
    assert FOUND[0].shown(TEXT) == "Naïve [sic] [pasta|food 0.98], 👍🏽 [wine|drink 0.50]"
    assert FOUND[1].shown(TEXT) == TEXT
    assert [each.cells() for each in FOUND] == [[("entities", "2")], [("entities", "0")]]


def test_a_file_has_a_row_an_entity_and_one_where_there_is_none():
    assert FOUND[0].rows() == [
        {
            "predicted_entity": "pasta",
            "entity_label": "food",
            "entity_start": 12,
            "entity_end": 17,
            "entity_score": 0.9834,
        },
        {
            "predicted_entity": "wine",
            "entity_label": "drink",
            "entity_start": 22,
            "entity_end": 26,
            "entity_score": 0.5,
        },
    ]
    empty = ["", "", int, int, float]
    assert FOUND[1].rows() == [dict(zip(FOUND[0].rows()[0], empty, strict=True))]


def test_a_line_of_json_has_a_list_of_them():
    (first, second), nothing = (each.record()["predicted_entities"] for each in FOUND)
    assert first == {"start": 12, "end": 17, "label": "food", "score": 0.9834, "text": "pasta"}
    assert second["text"] == "wine" and nothing == []


VALUES = st.none() | st.integers(-1, 3) | st.floats(0, 1) | st.sampled_from(["", "food"])
NESTED = st.recursive(VALUES, lambda inner: st.lists(inner, max_size=3), max_leaves=6)


@given(changed=st.dictionaries(st.sampled_from(answers.OUTPUTS), NESTED, min_size=1))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_whatever_a_server_answers_is_entities_or_an_error(changed):
    try:
        found = read(tensors(FOUND) | changed, [b"", b""])
    except RunError as error:
        assert "model aspects" in str(error)
    else:
        assert len(found) == 2
        for entity in (entity for each in found for entity in each.entities):
            assert isinstance(entity.start, int) and isinstance(entity.score, float)
            assert isinstance(entity.label, str) and isinstance(entity.text, str)


def test_an_answer_to_other_texts_is_refused():
    with pytest.raises(RunError, match="has no count, int64"):
        read(tensors(FOUND), [b""])
    with pytest.raises(RunError, match="has no count, int64"):
        read({}, [b""])
    with pytest.raises(RunError, match="entity of the model aspects does not fit the texts"):
        read(tensors(FOUND) | {"entity": [["pasta"], []]}, [b"", b""])
