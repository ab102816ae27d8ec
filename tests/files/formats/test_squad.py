"""SQuAD's JSON: every question is a row, whatever the order of its keys and however it is cut."""

from __future__ import annotations

import gzip
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reviewlens.errors import RunError
from reviewlens.files import json_pieces, list_files, read_records

ALL = {name: f"data.{name}" for name in ("context", "question", "answers", "title")}
NORMANDY = "Normandy is in France."


def question(number, *answers, **more):
    return {"id": str(number), "question": f"Is it {number}?", "answers": [*answers], **more}


def said(text, start):
    return {"text": text, "answer_start": start}


OF_1_1 = {
    "version": "1.1",
    "data": [
        {
            "title": "Normandy",
            "paragraphs": [
                {"context": NORMANDY, "qas": [question(1, said("France", 15)), question(2)]},
                {"context": "", "qas": []},
                {"context": "Caf\u00e9 \U0001f642.", "qas": [question(3, said("Caf\u00e9", 0))]},
            ],
        },
        {"title": "Nothing", "paragraphs": []},
        {"paragraphs": [{"context": "x", "qas": [question(4, said("x", 0), said("x", 0))]}]},
    ],
}
# Number, title, context and answers of each question.
ROWS = [
    ("1", "Normandy", NORMANDY, [said("France", 15)]),
    ("2", "Normandy", NORMANDY, []),
    ("3", "Normandy", "Caf\u00e9 \U0001f642.", [said("Caf\u00e9", 0)]),
    ("4", "", "x", [said("x", 0), said("x", 0)]),
]


def read(path, data=None, columns=ALL, others=False):
    if data is not None:
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
    (file,) = list_files(str(path), "squad")
    return list(read_records(file, columns, others=others))


def read_of(path, *questions, context="a b", columns=ALL):
    """Reads a file with one paragraph."""
    paragraph = {"context": context, "qas": [*questions]}
    return read(path, json.dumps({"data": [{"paragraphs": [paragraph]}]}), columns)


def found(records):
    assert [record.row for record in records] == list(range(1, len(records) + 1))
    assert not any(record.reason for record in records)
    rows = [record.values for record in records]
    return [(r["id"], r["title"], r["context"], json.loads(r["answers"])) for r in rows]


@pytest.mark.parametrize(
    "written",
    [
        {},
        {"sort_keys": True},
        {"indent": "\t", "ensure_ascii": False},
        {"separators": (",", ":"), "sort_keys": True},
    ],
    ids=["plain", "sorted", "indented", "dense"],
)
@pytest.mark.parametrize("chunk", [1, 7, 1 << 16])
def test_questions_are_read_however_they_are_written(tmp_path, monkeypatch, written, chunk):
    monkeypatch.setattr(json_pieces, "_CHUNK", chunk)
    data = json.dumps(OF_1_1, **written)
    assert found(read(tmp_path / "t.json", data)) == ROWS
    packed = gzip.compress(b"\xef\xbb\xbf" + data.encode())
    assert found(read(tmp_path / "t.json.gz", packed, {}, others=True)) == ROWS
    # A title behind its paragraphs is found, but no file is read twice for one that nobody wants.
    untitled = read(tmp_path / "t.json", data, {"answers": "data.answer"})
    assert {record.values["title"] for record in untitled} == {""}


def test_questions_of_version_2_may_have_no_answer(tmp_path):
    plausible = {"is_impossible": True, "plausible_answers": [said("a", 0)]}
    records = read_of(
        tmp_path / "t.json",
        question(1, said("a", 0), is_impossible=False),
        question(2, **plausible),
        question(3, said("a", 0), is_impossible=True),
        question(4, is_impossible=False),
        {"question": "Has nobody looked?"},
    )
    assert [json.loads(record.values["answers"]) for record in records[:3]] == [
        [said("a", 0)],
        [],
        [],
    ]
    assert [(record.reason, record.detail) for record in records[3:]] == [
        ("malformed-row", "has no answers, and is_impossible is false"),
        ("malformed-row", "has no answers; of a question without any they are []"),
    ]


def test_answers_are_not_missed_where_nobody_asks_for_them(tmp_path):
    asked = {"question": "data.question"}
    (record,) = read_of(tmp_path / "t.json", {"question": "Who?"}, columns=asked)
    assert record.values["answers"] == "" and record.values["question"] == "Who?"


def test_a_list_of_questions_is_read_as_well(tmp_path):
    answers = {"text": ["b"], "answer_start": [2]}
    row = {"id": 7, "title": "T", "context": "a b", "question": "What?", "answers": answers}
    data = json.dumps({"version": "0.1", "data": [row, {**row, "question": 5}, {"title": "T"}]})
    first, *others = read(tmp_path / "t.json", data)
    assert first.values == {**row, "id": "7", "answers": json.dumps(answers)}
    assert [record.detail for record in others] == [
        "the question is no text",
        "an article without the list paragraphs",
    ]


def test_what_is_malformed_is_a_row_with_a_reason(tmp_path):
    data = """{"data": [1, {"paragraphs": [
        2, {"context": "x"}, {"qas": [{"question": "Q", "answers": []}]},
        {"context": "x", "qas": [3, {"answers": []}, {"question": ["Q"], "answers": []}]}]}]}"""
    records = read(tmp_path / "t.json", data)
    assert {record.reason for record in records} == {"malformed-row"}
    assert [record.detail for record in records] == [
        "line 1: an article that is no object",
        "line 2: a paragraph without the list qas",
        "line 2: a paragraph without the list qas",
        "the context of the question is no text",
        "a question is no object",
        "the question is no text",
        "the question is no text",
    ]


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ("[" * 100_000 + "]" * 100_000, "with values within more than 100 others"),
        ('{"x": ' * 200 + "1" + "}" * 200, "with values within more than 100 others"),
        ("9" * 5000, "with a number of too many digits"),
        ('{"id": 1, "id": 2}', "with the key 'id' twice in one object"),
        (r'{"\ud83d": 1, "\ud83d": 2}', r"with the key '\ud83d' twice in one object"),
    ],
)
def test_what_is_json_and_cannot_be_held_ends_no_run(tmp_path, part, words):
    paragraph = '{"context": "x", "qas": [' + part + "]}"
    flat = '{"question": "Q", "context": "x", "answers": ' + part + "}"
    good = '{"paragraphs": [{"context": "x", "qas": [{"question": "Q", "answers": []}]}]}'
    data = f'{{"data": [\n{{"paragraphs": [{paragraph}], "title": {part}}}, {flat},\n{good}]}}'
    first, second, third = read(tmp_path / "t.json", data)
    assert first.detail == f"line 2: a paragraph {words}" and len(first.values) <= 201
    assert second.detail == f"line 2: a question with answers {words}"
    assert (third.reason, third.row) == ("", 3)


@pytest.mark.parametrize("broken", [b'"caf\xe9"', rb'"\ud83d"'])
def test_half_characters_reject_the_questions_that_they_are_in(tmp_path, broken):
    rows = b'{"question": "Q", "answers": []}, {"question": %s, "answers": []}' % broken
    data = b'{"data": [{"paragraphs": [{"context": "x", "qas": [%s]}]}]}' % rows
    assert [record.reason for record in read(tmp_path / "t.json", data)] == ["", "undecodable"]
    data = b'{"data": [{"paragraphs": [{"context": %s, "qas": [%s]}]}]}' % (broken, rows)
    assert [record.reason for record in read(tmp_path / "t.json", data)] == ["undecodable"] * 2


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ("", "is empty"),
        (" \n", "is empty"),
        ('[{"question": "Q"}]', "is a JSON array; set data.format: json"),
        ("question,answer\nQ,A\n", "is no JSON, as SQuAD has it"),
        ('{"type": "FeatureCollection"}', "has no list data of articles, as SQuAD has it$"),
        (
            '{"question": "Q"}\n{"question": "Q"}\n',
            "it is one object a line, so set data.format: jsonl",
        ),
        ('{"data": {}}', "line 1, column 10: its data is no list of articles"),
        ('{"data": []} {"data": []}', "line 1, column 14: .* it goes on behind its end"),
        ('{"data": [], "data": []}', "has the key 'data' twice in one object"),
        ('{"data": [{"paragraphs": [{"qas": [{"qu', "ends too early; is the file whole"),
        ('{"data": [{"paragraphs": [', "ends too early; is the file whole"),
        (
            '{"data": [{"paragraphs": [\n\n{"qas":\n []\n "x": 1}]}]}',
            "line 5, column 2: .*delimiter",
        ),
        ('{"data": [{"paragraphs": [  {"qas": nul}]}]}', "line 1, column 37: .*Expecting value"),
        ('{"data": [\n1,, 2]}', "line 2, column 3: is no JSON: here is the place of a value"),
        ('{"data": [1}', "line 1, column 12: is no JSON: here is the place of ',' or '\\]'"),
        ("{'data': []}", "line 1, column 2: is no JSON: here is the place of a key"),
        (r'{"\ud83d": 1, "\ud83d": 2}', r"has the key '\\ud83d' twice in one object"),
        ('{"data": [1],}', "line 1, column 14: is no JSON: here is the place of a key"),
        ('{"data" []}', "is no JSON: here is the place of ':'"),
        ('{"a": ' + "[" * 100_000, "column 100007: is no JSON: it ends too early"),
        ("{" + ", ".join(f'"{n}": 1' for n in range(1001)) + "}", "of more than 1,000 keys"),
        ('{"' + "x" * 2000 + '": 1}', "has a key of more than 1,000 characters"),
        ('{"data": []}'.encode("utf-16"), "is UTF-16, not UTF-8; set data.encoding to utf-16"),
    ],
)
def test_what_cannot_be_read_is_told_in_one_line(tmp_path, data, words):
    with pytest.raises(RunError, match=rf"t\.json: .*{words}") as caught:
        read(tmp_path / "t.json", data)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 300


def test_a_column_that_questions_do_not_have_is_named(tmp_path):
    with pytest.raises(RunError, match="'answer', which data.answer names; did you mean 'answers'"):
        read(tmp_path / "t.json", json.dumps(OF_1_1), {"answer": "data.answer"})


def test_such_files_are_read_from_a_folder_where_they_are_asked_for(tmp_path):
    (tmp_path / "t.json").write_text(json.dumps(OF_1_1))
    (tmp_path / "t.csv").write_text("text\ngood\n")
    assert [file.name for file in list_files(str(tmp_path))] == ["t.csv"]
    assert [file.format for file in list_files(f"{tmp_path}/*.json")] == ["json"]
    (file,) = list_files(f"{tmp_path}/*.json")
    assert len(list(read_records(file, ALL))) == len(read(tmp_path / "t.json"))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text('ab"\\{[\u00e9', max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["data", "title", "paragraphs", "qas", "context", "question", "answers", "id"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=15,
)


def questions_of(found):
    """How many rows there are by the letter of the page, in JSON that was read at once."""
    for article in found["data"]:
        paragraphs = article.get("paragraphs") if isinstance(article, dict) else None
        for paragraph in paragraphs if isinstance(paragraphs, list) else [{}]:
            questions = paragraph.get("qas") if isinstance(paragraph, dict) else None
            yield from questions if isinstance(questions, list) else [None]


@settings(
    derandomize=True,
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(JSON, st.sampled_from([1, 5, 1 << 16]), st.sampled_from([None, 1]))
def test_no_question_is_lost(tmp_path, monkeypatch, some, chunk, indent):
    monkeypatch.setattr(json_pieces, "_CHUNK", chunk)
    whole = {"title": some, "data": [some, {"title": some, "paragraphs": [some, {"qas": [some]}]}]}
    records = read(tmp_path / "t.json", json.dumps(whole, indent=indent))
    assert [record.row for record in records] == list(range(1, len(records) + 1))
    assert len(records) == len(list(questions_of(whole)))


@pytest.mark.parametrize(
    "part",
    ['{"qas": [], "context": "' + "x" * 20_000_000 + '"}', "9" * 20_000_000],
    ids=["text", "number"],
)
def test_no_paragraph_fills_the_memory(tmp_path, read_elsewhere, part):
    path = tmp_path / "t.json.gz"
    data = '{"data": [{"paragraphs": [' + f"{part}, {part}" + "]}]}"
    path.write_bytes(gzip.compress(data.encode(), 1))
    found = read_elsewhere(path, column="context")
    assert (found["problem"], found["reasons"]) == ("", {"too-long": 2})
    assert found["megabytes"] < 150
