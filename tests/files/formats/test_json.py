"""Files that end in .json: what is in them says how they are read."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reviewlens.errors import RunError
from reviewlens.files import list_files, read_records

ROWS = [{"text": "Great é", "tags": ["a", None], "stars": 5}, {"text": "bad", "by": {"id": 1}}]
CELLS = [
    {"text": "Great é", "tags": '["a", null]', "stars": "5"},
    {"text": "bad", "by": '{"id": 1}'},
]
SQUAD = {"data": [{"paragraphs": [{"context": "Nice.", "qas": [{"question": "Q"}]}]}]}


def read(path, data=None, columns=("text",)):
    if data is not None:
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
    (file,) = list_files(str(path))
    return list(read_records(file, {column: f"data.{column}" for column in columns}))


@pytest.mark.parametrize(
    "data",
    [
        json.dumps(ROWS),
        "\ufeff" + json.dumps(ROWS, indent=2, ensure_ascii=False),
        "".join(json.dumps(row) + "\n" for row in ROWS),
    ],
)
def test_an_array_and_lines_are_told_apart_by_their_content(tmp_path, data):
    assert [record.values for record in read(tmp_path / "in.json", data)] == CELLS


@pytest.mark.parametrize("indent", [None, 1])
def test_questions_are_known_by_their_data(tmp_path, indent):
    data = json.dumps(SQUAD, indent=indent)
    (record,) = read(tmp_path / "in.json", data, ("question", "context"))
    assert record.values["context"] == "Nice."


@pytest.mark.parametrize(
    ("value", "reason", "detail"),
    [
        ("3", "malformed-row", "line 2: no JSON object"),
        ("[" * 100_000 + "]" * 100_000, "malformed-row", "line 2: a value with values within more"),
        ('{"a": "' + "x" * (1 << 24) + '"}', "too-long", "line 2: a value of more than 16,777,216"),
        ('{"a": ' + "9" * 5000 + "}", "malformed-row", "line 2: a value with a number of too many"),
        ('{"a": 1, "a": 2}', "malformed-row", "line 2: a value with the key 'a' twice"),
        (r'{"a": "\ud83d"}', "undecodable", "half a character"),
    ],
)
def test_a_value_that_cannot_be_used_is_a_row_and_the_next_is_read(tmp_path, value, reason, detail):
    first, second = read(tmp_path / "in.json", f'[\n{value},\n{{"text": "a"}}]')
    assert (first.row, first.reason, len(first.values) <= 201) == (1, reason, True)
    assert detail in first.detail and second.values == {"text": "a"}


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ('[{"text": 1}', "line 1, column 13: is no JSON: it ends too early"),
        ('[{"text": 1}] 2', "line 1, column 15: is no JSON: it goes on behind its end"),
        ('[{"text": 1},]', "line 1, column 14: is no JSON: here is the place of a value"),
        ('[{"Text": 1}]', "did you mean 'Text'"),
    ],
)
def test_an_array_that_cannot_be_read_is_told_with_its_place(tmp_path, data, words):
    with pytest.raises(RunError, match=rf"in\.json: .*{words}"):
        read(tmp_path / "in.json", data)


TEXTS = st.text(st.characters(codec="utf-8"), max_size=20)


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    rows=st.lists(st.fixed_dictionaries({"text": TEXTS}, optional={"b": TEXTS}), min_size=1),
    indent=st.none() | st.just(1),
)
def test_any_array_comes_back(tmp_path, rows, indent):
    found = read(tmp_path / "in.json", json.dumps(rows, indent=indent))
    assert [record.values for record in found] == rows
