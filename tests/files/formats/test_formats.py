"""Readers: what was written is read back, and what cannot be read is named by file and row."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import json
import tracemalloc
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reviewlens.errors import RunError
from reviewlens.files import list_files, read_records

PACKERS = {
    "": bytes,
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".zst": lambda data: zstandard.ZstdCompressor().compress(data),
}
# A NUL becomes a space (csv of Python 3.10 takes none); half characters are no UTF-8.
CELLS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
TABLES = st.integers(1, 4).flatmap(
    lambda width: st.lists(st.lists(CELLS, min_size=width, max_size=width), max_size=8)
)
reuse_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def read(path: Path, *columns: str, format: str = "auto"):
    """All records of a file."""
    (file,) = list_files(str(path), format)
    return list(read_records(file, {column: "data.text" for column in columns}))


def write(path: Path, data: bytes | str) -> Path:
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


@reuse_folder
@given(TABLES, st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]), st.sampled_from(list(PACKERS)))
def test_csv_is_read_back_as_it_was_written(tmp_path, rows, quoting, compression):
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, quoting=quoting, lineterminator="\r\n")
    header = [f"c{index}" for index in range(len(rows[0]) if rows else 1)]
    writer.writerows([header, *rows])
    data = PACKERS[compression](stream.getvalue().encode())
    records = read(write(tmp_path / f"t.csv{compression}", data), *header)
    assert [record.reason for record in records] == [""] * len(rows)
    assert [list(record.values.values()) for record in records] == rows
    assert [record.row for record in records] == list(range(2, len(rows) + 2))


@reuse_folder
@given(st.lists(st.sampled_from(["\n", "\r\n", "\r"]), min_size=4, max_size=4), st.booleans())
def test_csv_lines_may_end_in_any_way_and_a_byte_order_mark_is_no_text(tmp_path, ends, marked):
    text = "a,b" + ends[0] + f'"one{ends[1]}line",1' + ends[2] + "two,2" + ends[3] + "last,3"
    path = write(tmp_path / "t.csv", ("\ufeff" if marked else "") + text)
    values = [tuple(record.values.values()) for record in read(path, "a", "b")]
    assert values == [(f"one{ends[1]}line", "1"), ("two", "2"), ("last", "3")]


@reuse_folder
@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(["a", "b", "c"]),
            st.one_of(CELLS, st.integers(), st.none(), st.booleans(), st.lists(st.integers())),
            min_size=1,
        ),
        max_size=8,
    ),
    st.booleans(),
)
def test_json_lines_are_read_back_as_they_were_written(tmp_path, objects, ascii_only):
    lines = [json.dumps(found, ensure_ascii=ascii_only) for found in objects]
    records = read(write(tmp_path / "t.jsonl", "\n".join(lines)))
    assert [record.row for record in records] == list(range(1, len(objects) + 1))
    for record, found in zip(records, objects, strict=True):
        assert record.reason == "" and list(record.values) == list(found)
        for key, value in found.items():
            expected = "" if value is None else value
            shown = record.values[key]
            assert shown == expected or json.loads(shown) == expected


@pytest.mark.parametrize("compression", list(PACKERS))
def test_parquet_is_read_whatever_its_types(tmp_path, compression):
    table = pa.table(
        {"text": ["good", None, "été"], "stars": [5.0, 1.5, None], "n": [1, 2, 3], "x": [[1]] * 3}
    )
    stream = io.BytesIO()
    pq.write_table(table, stream, row_group_size=2)
    path = write(tmp_path / f"t.parquet{compression}", PACKERS[compression](stream.getvalue()))
    records = read(path, "text", "stars", "n")
    assert [record.row for record in records] == [1, 2, 3]
    assert [record.values for record in records] == [
        {"text": "good", "stars": "5.0", "n": "1", "x": "[1]"},
        {"text": "", "stars": "1.5", "n": "2", "x": "[1]"},
        {"text": "été", "stars": "", "n": "3", "x": "[1]"},
    ]


def test_tsv_has_no_quoting_but_for_fields_that_a_spreadsheet_quoted(tmp_path):
    path = write(
        tmp_path / "t.tsv",
        'id\ttext\r\n1\t"  never closed\r\n2\tsaid "so"\r\n3\t"said ""so"" twice"\r\n4\t"all"\r\n',
    )
    texts = [record.values["text"] for record in read(path, "id", "text")]
    assert texts == ['"  never closed', 'said "so"', 'said "so" twice', '"all"']


@pytest.mark.parametrize("compression", list(PACKERS))
def test_lines_of_text_are_rows_of_the_one_column_that_is_asked_for(tmp_path, compression):
    data = b'\xef\xbb\xbf  GREAT, \r\n\r\n \ncaf\xe9\n"last'
    path = write(tmp_path / f"t.txt{compression}", PACKERS[compression](data))
    for columns, name in ((["review"], "review"), ([], "text")):
        records = read(path, *columns)
        assert [(r.row, r.reason) for r in records] == [(1, ""), (4, "undecodable"), (5, "")]
        assert records[0].values == {name: "  GREAT, "}
        assert records[1].values == "caf\\xe9\n" and "0xe9 after 3 char" in records[1].detail
        assert records[2].values == {name: '"last'}
    with pytest.raises(RunError, match=r"t\.txt.*: is read as text .* no column 'stars'"):
        read(path, "text", "stars")


LINES = st.text(
    st.characters(exclude_characters="\n\r\ufeff", exclude_categories=["Cs"]), max_size=9
).filter(str.strip)


@reuse_folder
@given(
    st.lists(st.lists(LINES, min_size=1, max_size=4), max_size=4),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(["{}", "{}{}{}", " \t{}"]),
    st.booleans(),
    st.sampled_from(list(PACKERS)),
)
def test_documents_are_read_back_as_they_were_written(
    tmp_path, documents, end, blank, marked, compression
):
    blank = blank.replace("{}", end)
    data = "\ufeff" * marked + blank + blank.join(end.join([*lines, ""]) for lines in documents)
    path = write(tmp_path / f"t.txt{compression}", PACKERS[compression](data.encode()))
    records = read(path, "review", format="documents")
    assert [record.reason for record in records] == [""] * len(documents)
    assert [record.values["review"].split(end) for record in records] == documents
    lines = data.removeprefix("\ufeff").split(end)
    for record, document in zip(records, documents, strict=True):
        assert lines[record.row - 1] == document[0]


def test_documents_that_cannot_be_used_are_named_and_none_fills_the_memory(tmp_path):
    lines = 1 << 17
    long = (b"a line of some words " * 7 + b"\n") * lines
    data = b"one\nline\n\n" + long + b"\ncaf\xe9\nau lait\n \n\xc2\xa0\n\nlast"
    path = write(tmp_path / "t.txt.gz", gzip.compress(data))
    (file,) = list_files(str(path), "documents")
    tracemalloc.start()
    records = list(read_records(file, {"text": "data.text"}))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [(record.row, record.reason) for record in records] == [
        (1, ""),
        (4, "too-long"),
        (4 + lines + 1, "undecodable"),
        (4 + lines + 6, ""),
    ]
    assert "is a blank line missing" in records[1].detail and len(records[1].values) < 300
    assert "0xe9 after 3 char" in records[2].detail
    # Bytes and text of what may still become a document.
    assert peak < 60e6
    with pytest.raises(RunError, match="a blank line between documents, which has no column 'a'"):
        read(path, "text", "a", format="documents")
    write(path, gzip.compress("good".encode("utf-16")))
    with pytest.raises(RunError, match="UTF-16"):
        read(path, "text", format="documents")


@pytest.mark.parametrize("name", ["t.csv", "t.tsv"])
def test_rows_of_another_length_are_malformed_and_blank_lines_are_none(tmp_path, name):
    text = "a,b\n1,2\n\n3\n4,5,6\n7,8\n"
    path = write(tmp_path / name, text if name == "t.csv" else text.replace(",", "\t"))
    records = read(path, "a", "b")
    assert [(r.row, r.reason) for r in records] == [
        (2, ""),
        (4, "malformed-row"),
        (5, "malformed-row"),
        (6, ""),
    ]
    assert records[1].detail == "1 fields where the header has 2"
    assert isinstance(records[2].values, str) and records[2].values.strip()[0] == "4"


def test_text_behind_a_closing_quote_costs_that_row_only(tmp_path):
    records = read(write(tmp_path / "t.csv", 'a,b\n"x" y,1\n"fine",2\n'), "a")
    assert [(r.row, r.reason) for r in records] == [(2, "malformed-row"), (3, "")]
    assert records[0].values == '"x" y,1\n'


@pytest.mark.parametrize(
    ("text", "row", "line"),
    [
        ('a,b\n1,2\n"never, 3\n4,5\n', 3, 3),
        ('a,b\n"two\r\nlines","never\n4,5\n', 2, 3),
        ('a,b\n"a ""quoted"" word",2\n1,"', 3, 3),
        ('"a,b\n1,2\n', 1, 1),
        ('a,b\n1,2\n3,"never\n4,"fine"\n5,6\n', 3, 3),
        ('a,b\n"never,1\n2,3\n"fine",4\n', 2, 2),
    ],
)
def test_a_quote_that_is_never_closed_is_named_by_row_and_line(tmp_path, text, row, line):
    path = write(tmp_path / "t.csv", text)
    with pytest.raises(RunError, match=rf"t\.csv: row {row}: .* line {line} is never closed"):
        read(path, "a", "b")


def test_bytes_that_are_no_utf8_cost_their_row(tmp_path):
    rows = read(write(tmp_path / "t.csv", b"a,b\ncaf\xe9,1\ncaf\xc3\xa9,2\n"), "a")
    assert [(r.row, r.reason) for r in rows] == [(2, "undecodable"), (3, "")]
    assert rows[0].values == "caf\\xe9,1\n" and "0xe9 after 3 characters" in rows[0].detail
    lines = b'{"a": "\xff"}\n{"a": "\\ud83d"}\n{"a": "x"}\n{"a": "y", "\\ud83d": 1}'
    rows = read(write(tmp_path / "t.jsonl", lines), "a")
    reasons = ["undecodable", "undecodable", "", "undecodable"]
    assert [(r.row, r.reason) for r in rows] == list(enumerate(reasons, start=1))


def test_lines_that_are_no_object_are_malformed(tmp_path):
    lines = ['{"a": 1}', '{"a": ', "[1]", "7", "", '{"a": "x"}', "[" * 100_000]
    lines += ['{"a": ' + "9" * 5000 + "}", '{"a": 2}']
    records = read(write(tmp_path / "t.jsonl", "\n".join(lines)), "a")
    reasons = [(record.row, record.reason) for record in records]
    bad = [(row, "malformed-row") for row in (2, 3, 4)]
    assert reasons == [(1, ""), *bad, (6, ""), *[(n, "malformed-row") for n in (7, 8)], (9, "")]


def test_however_deep_json_is_nested_it_costs_that_line_at_most(tmp_path):
    deep = ['{"a": ' + "[" * depth + "]" * depth + "}" for depth in range(50, 1050, 3)]
    deep += ['{"a": ' + '{"b": ' * depth + "1" + "}" * depth + "}" for depth in range(50, 1050, 3)]
    records = read(write(tmp_path / "t.jsonl", "\n".join([*deep, '{"a": "end"}'])), "a")
    assert len(records) == len(deep) + 1
    assert {record.reason for record in records} == {"", "malformed-row"}
    assert records[-1].values == {"a": "end"}


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("t.csv", "Ratin,Text\n", "'Rating', which data.text names; did you mean 'Ratin'"),
        ("t.csv", "text,rating\n", "did you mean 'rating'"),
        ("t.csv", "x,y\n", "Its columns: 'x', 'y'"),
        ("t.csv", "Rating,Rating\n", "2 columns named 'Rating'"),
        ("t.jsonl", '{"Ratng": 1}\n', "did you mean 'Ratng'"),
        ("t.csv", "Rating\n".encode("utf-16"), "UTF-16"),
        ("t.jsonl", '{"a": 1}'.encode("utf-16"), "UTF-16"),
        ("t.txt", "good".encode("utf-16"), "UTF-16"),
        ("t.csv", b"Rat\xefng\n1\n", "line 1: byte 0xef"),
        ("t.jsonl", '[{"Rating": 1}]', "JSON array"),
        ("t.parquet", b"Rating\n", "no Parquet file"),
        ("t.csv.gz", b"Rating\n1\n", "damaged or cut short"),
        # The time of day would be part of the name of the test, which all workers have to share.
        (
            "t.csv.gz",
            gzip.compress(b"Rating\n" + b"1\n" * 9999, mtime=0)[:-20],
            "damaged or cut short",
        ),
        ("t.csv.bz2", b"Rating\n1\n", "Invalid data stream"),
        ("t.csv.bz2", bz2.compress(b"Rating\n" + b"1\n" * 9999)[:-20], "damaged or cut short"),
        ("t.csv.zst", b"Rating\n1\n", "damaged or cut short"),
        ("t.csv.zst", PACKERS[".zst"](b"Rating\n" + b"1\n" * 9999)[:-5], "damaged or cut short"),
    ],
)
def test_files_that_cannot_be_read_are_named(tmp_path, name, data, words):
    path = write(tmp_path / name, data)
    with pytest.raises(RunError) as caught:
        read(path, "Rating")
    assert str(path) in str(caught.value) and words in str(caught.value)


@pytest.mark.parametrize("compression", [".gz", ".bz2", ".zst"])
def test_packed_files_may_have_several_parts(tmp_path, compression):
    pack = PACKERS[compression]
    path = write(tmp_path / f"t.csv{compression}", pack(b"a\n1\n") + pack(b"2\n") + pack(b"3\n"))
    assert [record.values["a"] for record in read(path, "a")] == ["1", "2", "3"]


def test_a_line_without_end_does_not_fill_the_memory(tmp_path):
    path = write(tmp_path / "t.csv", b"a\n" + b"x" * (1 << 24) + b"xx\n")
    with pytest.raises(RunError, match="line 2 is longer than"):
        read(path, "a")
    quoted = write(tmp_path / "t.csv", b'a\n"' + b"words\n" * (3 << 20))
    with pytest.raises(RunError, match="row 2: .* line 2 is never closed"):
        read(quoted, "a")


def test_a_row_of_many_long_lines_does_not_either(tmp_path):
    cell = '"' + ("x" * (1 << 20) + "\n") * 7 + '"'
    path = write(tmp_path / "t.csv", "a,b,c\n1,2,3\n" + ",".join([cell] * 3) + "\n4,5,6\n")
    records = read(path, "a")
    assert [(record.row, record.reason) for record in records] == [
        (2, ""),
        (3, "too-long"),
        (4, ""),
    ]
    assert len(records[1].values) < 1000
    path = write(tmp_path / "t.csv", "a,b\n1,2\n" + ",".join([cell] * 5))
    with pytest.raises(RunError, match="row 3: from line 3 on it is longer than"):
        read(path, "a")


@pytest.mark.parametrize("name", ["t.csv", "t.jsonl"])
@pytest.mark.parametrize("compression", [".gz", ".bz2", ".zst"])
def test_nor_does_one_that_is_packed(tmp_path, read_elsewhere, name, compression):
    path = tmp_path / f"{name}{compression}"
    pack = PACKERS[compression]
    path.write_bytes(pack(b"text\n" if name == "t.csv" else b"") + pack(b"x" * (16 << 20)) * 60)
    found = read_elsewhere(path)
    assert "is longer than 16,777,216 characters" in found["problem"]
    assert found["megabytes"] < 300


def test_texts_and_labels_as_data_sets_are_exported_for_training(tmp_path):
    """A CSV with the columns `text` and `label`, whose texts hold whatever people write."""
    data = 'text,label\n"Great, ""really"".\n\nWould buy again",1\nbroke,0\n'
    (tmp_path / "train.csv").write_text(data)
    (file,) = list_files(str(tmp_path / "train.csv"))
    columns = {"text": "data.text", "label": "data.label"}
    assert [record.values for record in read_records(file, columns)] == [
        {"text": 'Great, "really".\n\nWould buy again', "label": "1"},
        {"text": "broke", "label": "0"},
    ]
