"""Whatever bytes a file holds: rows that add up, or one error that names the file."""

from __future__ import annotations

import bz2
import gzip
import io
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reviewlens.components.review_example_gen.reviews import Rejection, ReviewMaker
from reviewlens.components.review_example_gen.settings import DataSettings
from reviewlens.components.tasks.question_answering.examples import AnswerMaker
from reviewlens.components.tasks.text_classification.examples import ClassMaker
from reviewlens.components.tasks.token_classification.examples import SpanMaker
from reviewlens.errors import RunError
from reviewlens.files import list_files, read_records

SETTINGS = DataSettings(
    input="unused", text=("text", "title"), rating="stars", classes={"bad": (1, 2), "good": (3,)}
)
OF_ENTITIES = DataSettings(
    input="unused", text=("text",), entities="entities", classes={"bad": None, "good": None}
)
OF_QUESTIONS = DataSettings(
    input="unused", text=("context",), question="question", answer="answers", group="title"
)
ROWS = [
    {"text": 'says "so",', "title": "caf\u00e9", "stars": 1, "more": [1, None, {"a": "b"}]},
    {"text": "two\nlines", "title": None, "stars": 3, "more": []},
    {"text": "&lt;b>x</b> e\u0301", "title": "\U0001f642", "stars": 2, "more": [2]},
] * 3


def fuzzed(examples: int):
    """The same examples on every machine."""
    return settings(
        derandomize=True,
        max_examples=examples,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )


def delimited(separator: str) -> bytes:
    quoted = [
        '"' + str(cell or "").replace('"', '""') + '"' for row in ROWS for cell in row.values()
    ]
    lines = [separator.join(ROWS[0])]
    lines += [separator.join(quoted[start : start + 4]) for start in range(0, len(quoted), 4)]
    return "\r\n".join(lines).encode()


def parquet(**options) -> bytes:
    columns = {name: [row[name] for row in ROWS] for name in ("text", "title", "stars")}
    columns["more"] = [[[row["stars"]], None] for row in ROWS]
    columns["map"] = pa.array([[("k", 1)], None, []] * 3, pa.map_(pa.string(), pa.int32()))
    columns["struct"] = [{"a": 1.5, "b": [{"c": "x"}]}] * 9
    columns["when"] = pa.array([5] * 9, pa.timestamp("us", "UTC"))
    stream = io.BytesIO()
    pq.write_table(pa.table(columns), stream, **options)
    return stream.getvalue()


CONLL = """-DOCSTART- O

caf\u00e9\tB-bad\r
bar\tI-bad

is _ O
\U0001f642 _ S-good
"""
XML = """<?xml version="1.0"?><sentences><!-- x --><sentence id="1"><text>caf\u00e9 &amp; b</text>
<aspectTerms><aspectTerm term="caf\u00e9" polarity="good" from="0" to="4"/></aspectTerms></sentence>
<sentence id="2"><text><![CDATA[\U0001f642]]></text><Opinions><Opinion target="\U0001f642"
polarity="bad" from="0" to="1"/></Opinions></sentence></sentences>"""
SQUAD = """{"version": "v2.0", "data": [{"paragraphs": [{"qas": [
{"id": "1", "question": "What is \\u0022it\\u0022?", "is_impossible": false,
"answers": [{"text": "caf\u00e9", "answer_start": 2}, {"text": "\U0001f642", "answer_start": 7}]},
{"id": "2", "question": "Who?", "answers": [], "is_impossible": true, "plausible_answers": [1]}
], "context": "A caf\u00e9 \U0001f642, \\"b\\".\\n"}], "title": "Caf\u00e9"}]}"""
VALID = {
    "csv": [delimited(",")],
    "tsv": [delimited("\t").replace(b"\nlines", b" lines")],
    "jsonl": [
        "\n".join(json.dumps(row, ensure_ascii=ascii) for row in ROWS).encode() for ascii in (0, 1)
    ],
    "parquet": [
        parquet(compression="zstd", row_group_size=4),
        parquet(use_dictionary=False, compression="none"),
        parquet(data_page_version="2.0"),
    ],
    "conll": [CONLL.encode()],
    "xml": [XML.encode()],
    "json": [SQUAD.encode()],
}
ROWS_IN = {"conll": 2, "xml": 2, "json": 2}
PACKERS = {
    ".gz": lambda data: gzip.compress(data, mtime=0),
    ".bz2": bz2.compress,
    ".zst": lambda data: zstandard.ZstdCompressor().compress(data),
}

# What stands for something in one of the formats.
TELLING = st.sampled_from(
    [
        b"<",
        b"/>",
        b"&#x41;",
        b"<!DOCTYPE a>",
        b"<sentence>",
        b'{"data": [{"paragraphs": [',
        b'"qas": [{',
        b" I-bad",
        b'"',
        b",",
        b"\t",
        b"\r",
        b"\n",
        b"\0",
        b"\\ud83d",
        b"[" * 1000,
        b"9" * 5000,
        b"NaN",
        b"\xff\xfe",
    ]
    + [
        b"{",
        b"}",
        b":",
        b"\xef\xbb\xbf",
        b"\xe9",
        b"PAR1",
        b"\xff\xff\xff\x7f",
        b"\x80" * 9,
        b"1e999",
    ]
)
EDITS = st.lists(
    st.tuples(st.floats(0, 1), st.integers(0, 12), TELLING | st.binary(max_size=4)),
    min_size=1,
    max_size=5,
)


def edited(data: bytes, edits) -> bytes:
    """Each edit takes some bytes out somewhere and puts others in."""
    for place, removed, added in edits:
        at = int(place * len(data))
        data = data[:at] + added + data[at + removed :]
    return data


def settings_of(path: Path) -> DataSettings:
    if {".conll", ".xml"} & set(path.suffixes):
        return OF_ENTITIES
    return OF_QUESTIONS if ".json" in path.suffixes else SETTINGS


def maker_of(settings: DataSettings) -> ClassMaker | SpanMaker | AnswerMaker:
    if settings.question:
        return AnswerMaker(settings)
    return SpanMaker(settings) if settings.entities else ClassMaker(settings)


def check(path: Path, data: bytes) -> None:
    """Reads a file as a run does, and then as `predict` does."""
    path.write_bytes(data)
    (file,) = list_files(str(path))
    settings = settings_of(path)
    maker = ReviewMaker(settings, maker_of(settings), not settings.rating)
    text = {settings.text[0]: "--column"}
    for columns, others in ((settings.source_columns(), False), (text, True)):
        last = 0
        try:
            for record in read_records(file, columns, others=others):
                assert record.row > last
                last = record.row
                json.dumps(record.values, ensure_ascii=False).encode()
                made = maker.make(file, record)
                if isinstance(made, Rejection):
                    assert made.reason and made.detail
                else:
                    made.text.encode()
        except RunError as error:
            assert str(path) in str(error) and "\n" not in str(error)


@pytest.mark.parametrize("ending", list(VALID))
def test_the_valid_files_are_read_whole(tmp_path, ending):
    for data in VALID[ending]:
        (tmp_path / f"t.{ending}").write_bytes(data)
        (file,) = list_files(str(tmp_path / f"t.{ending}"))
        records = list(read_records(file, settings_of(tmp_path / f"t.{ending}").source_columns()))
        assert [record.reason for record in records] == [""] * ROWS_IN.get(ending, len(ROWS))


@pytest.mark.parametrize("ending", [*VALID, "txt"])
@fuzzed(100)
@given(data=st.binary(max_size=200) | st.lists(TELLING | st.binary(max_size=3)).map(b"".join))
def test_any_bytes_are_rows_or_one_error(tmp_path, ending, data):
    header = {"csv": b"text,title,stars\n", "tsv": b"text\ttitle\tstars\n"}.get(ending, b"")
    check(tmp_path / f"t.{ending}", data)
    check(tmp_path / f"t.{ending}", header + data)


@pytest.mark.parametrize("ending", list(VALID))
@fuzzed(300)
@given(number=st.integers(0, 2), edits=EDITS)
def test_a_damaged_file_is_rows_or_one_error(tmp_path, ending, number, edits):
    valid = VALID[ending][number % len(VALID[ending])]
    check(tmp_path / f"t.{ending}", edited(valid, edits))


@pytest.mark.parametrize("compression", list(PACKERS))
@fuzzed(100)
@given(ending=st.sampled_from(list(VALID)), edits=EDITS, inside=st.booleans())
def test_a_damaged_packed_file_is_rows_or_one_error(tmp_path, compression, ending, edits, inside):
    pack = PACKERS[compression]
    valid = VALID[ending][0]
    data = pack(edited(valid, edits)) if inside else edited(pack(valid), edits)
    check(tmp_path / f"t.{ending}{compression}", data)
