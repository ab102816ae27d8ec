"""Parquet: a file runs nothing, fills no memory, and keeps what can be read of it."""

from __future__ import annotations

import datetime
import decimal
import json
import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from reviewlens.errors import RunError
from reviewlens.files import columns_left_out, list_files, read_records

LONGEST = 1 << 24


def read(path: Path, *columns: str, others: bool = True):
    (file,) = list_files(str(path))
    return list(read_records(file, dict.fromkeys(columns, "data.text"), others=others))


def write(path: Path, columns: dict, **options) -> Path:
    pq.write_table(pa.table(columns), path, **{"compression": "zstd"} | options)
    return path


def repeated(rows: int, size: int, kind=None) -> pa.Array:
    """One text in all rows, which is in the file and in the memory of the writer once."""
    return pa.DictionaryArray.from_arrays(
        pa.array(np.zeros(rows, np.int32)), pa.array(["a" * size], kind or pa.string())
    )


def raw_strings(*cells: bytes) -> pa.Array:
    """Strings that may be no UTF-8."""
    offsets = np.cumsum([0, *map(len, cells)], dtype=np.int32)
    return pa.StringArray.from_buffers(
        len(cells), pa.py_buffer(offsets), pa.py_buffer(b"".join(cells))
    )


class PickledType(pa.PyExtensionType):
    """Its unpickling makes a file."""

    marker = ""

    def __init__(self):
        super().__init__(pa.string())

    def __reduce__(self):
        return os.mkdir, (self.marker,)


@pytest.mark.parametrize("others", [False, True])
def test_no_type_of_a_column_is_unpickled(tmp_path, read_elsewhere, others):
    marker = tmp_path / "marker"
    PickledType.marker = str(marker)
    array = pa.ExtensionArray.from_storage(PickledType(), pa.array(["a", "b"]))
    path = write(tmp_path / "t.parquet", {"text": ["a", "b"], "x": array})
    found = read_elsewhere(path, others=others)
    assert not marker.exists()
    assert "pickled Python" in found["problem"] and str(path) in found["problem"]


def test_small_files_take_little_memory_whatever_they_hold(tmp_path, read_elsewhere):
    big = {"text": repeated(1000, 7_000_000)}
    nested = pa.ListArray.from_arrays(pa.array([0, 100_000], pa.int32()), repeated(100_000, 9_999))
    huge = b"a" * 100_000_000
    paths = [
        write(tmp_path / "repeated.parquet", big),
        write(tmp_path / "too-long.parquet", {"text": repeated(2000, LONGEST + 1)}),
        write(tmp_path / "large.parquet", {"text": repeated(2000, LONGEST + 1, pa.large_string())}),
        write(tmp_path / "plain.parquet", {"text": [huge, b"x"]}, use_dictionary=False),
        write(
            tmp_path / "pages.parquet",
            {"text": [b"a" * 20_000_000] * 5},
            use_dictionary=False,
            write_batch_size=1,
        ),
        write(tmp_path / "list.parquet", {"text": nested}),
    ]
    assert all(path.stat().st_size < 50_000 for path in paths)
    found = read_elsewhere(*paths)
    assert found["reasons"] == {"": 1001, "too-long": 4007} and not found["problem"]
    assert found["megabytes"] < 600


def test_many_columns_take_little_memory_too(tmp_path, read_elsewhere):
    columns = {"text": pa.array(["a"] * 500)}
    columns |= {f"c{n}": repeated(500, 1_000_000) for n in range(300)}
    path = write(tmp_path / "t.parquet", columns)
    found = read_elsewhere(path, others=True)
    assert found["reasons"] == {"too-long": 500}
    assert found["megabytes"] < 800


@pytest.mark.parametrize(
    "values",
    [
        repeated(1, 150_000_000),
        pa.ListArray.from_arrays([0, 20_000_000], pa.array(np.zeros(20_000_000, np.int8))),
    ],
    ids=["cell", "list"],
)
def test_what_cannot_be_read_in_little_memory_is_named_or_left_out(tmp_path, values):
    path = write(tmp_path / "t.parquet", {"text": values, "other": ["b"]})
    assert path.stat().st_size < 100_000
    with pytest.raises(
        RunError, match=r"t\.parquet: .* column 'text' \(data\.text\) .*268,435,456"
    ):
        read(path, "text")
    assert [record.values for record in read(path, "other")] == [{"other": "b"}]
    (file,) = list_files(str(path))
    assert columns_left_out(file, {"other": "data.text"}) == ["text"]


def test_large_pages_of_ordinary_rows_are_read_whole(tmp_path):
    """DuckDB has but one page of up to 100 MiB in a row group."""
    texts = [f"{n} " + "x" * 900 for n in range(40_000)]
    path = write(
        tmp_path / "t.parquet",
        {"text": texts},
        use_dictionary=False,
        write_batch_size=len(texts),
        data_page_size=1 << 30,
    )
    assert [record.values["text"] for record in read(path, "text")] == texts


def test_a_dictionary_that_grew_too_large_is_followed_by_plain_pages(tmp_path):
    texts = [f"{n % 25_000} " + "x" * 90 for n in range(30_000)]
    path = write(
        tmp_path / "t.parquet",
        {"text": texts, "tags": [[text, None] for text in texts], "none": [None, *texts[1:]]},
        row_group_size=20_000,
    )
    records = read(path, "text")
    assert [record.values["text"] for record in records] == texts
    assert [json.loads(record.values["tags"]) for record in records] == [[t, None] for t in texts]
    assert records[0].values["none"] == "" and records[1].values["none"] == texts[1]


BAD_CELLS = {
    "no UTF-8": (raw_strings(b"caf\xe9", b"fine"), "undecodable", "0xe9", r"caf\xe9"),
    "bytes": (pa.array([b"\xff", b"fine"]), "undecodable", "0xff", r"\xff"),
    "timestamp": (pa.array([1 << 62, 5], pa.timestamp("us")), "malformed-row", "", str(1 << 62)),
    "duration": (pa.array([1 << 62, 5], pa.duration("s")), "malformed-row", "", str(1 << 62)),
    "date": (pa.array([1 << 30, 5], pa.date32()), "malformed-row", "", str(1 << 30)),
    "time": (pa.array([1 << 62, 5], pa.time64("us")), "malformed-row", "", str(1 << 62)),
}


@pytest.mark.parametrize("name", list(BAD_CELLS))
def test_a_bad_cell_costs_its_row_where_it_is_needed(tmp_path, name):
    cells, reason, words, shown = BAD_CELLS[name]
    path = write(tmp_path / "t.parquet", {"text": ["a", "b"], "cell": cells})
    bad, good = read(path, "text", "cell")
    assert (bad.row, bad.reason, good.reason) == (1, reason, "")
    assert "column 'cell'" in bad.detail and words in bad.detail
    assert bad.values == {"text": "a", "cell": shown}
    bad, good = read(path, "text")
    assert (bad.reason, good.reason) == ("", "") and bad.values == {"text": "a", "cell": shown}


def test_a_time_zone_that_does_not_exist_costs_the_rows_that_need_it(tmp_path):
    times = pa.array([5, None], pa.timestamp("us", "Mars/Phobos"))
    path = write(tmp_path / "t.parquet", {"text": ["a", "b"], "time": times})
    bad, good = read(path, "time")
    assert bad.reason == "malformed-row" and "Mars/Phobos" in bad.detail and not good.reason
    assert [record.values["time"] for record in read(path, "text")] == ["5", ""]


def test_every_type_has_a_text(tmp_path):
    path = write(
        tmp_path / "t.parquet",
        {
            "text": ["a"],
            "none": pa.nulls(1),
            "truth": [True],
            "float": pa.array([1.5], pa.float32()),
            "date": [datetime.date(2024, 2, 29)],
            "time": pa.array([datetime.datetime(2024, 2, 29, 12)], pa.timestamp("ms", "UTC")),
            "decimal": [decimal.Decimal("1.50")],
            "bytes": [b"\x89PNG"],
            "fixed": pa.array([b"ab"], pa.binary(2)),
            "category": pa.array(["x"]).dictionary_encode(),
            "struct": [{"a": 1, "b": [{"c": None}, {"c": "é"}]}],
            "map": pa.array([[("k", 1), ("l", None)]], pa.map_(pa.string(), pa.int32())),
            "a.b": ["dotted"],
            "a": [datetime.timedelta(seconds=90)],
            "dates": [[datetime.date(2024, 2, 29), None]],
        },
    )
    (record,) = read(path, "text")
    assert record.values == {
        "text": "a",
        "none": "",
        "truth": "true",
        "float": "1.5",
        "date": "2024-02-29",
        "time": "2024-02-29 12:00:00+00:00",
        "decimal": "1.50",
        "bytes": r"\x89PNG",
        "fixed": "ab",
        "category": "x",
        "struct": '{"a": 1, "b": [{"c": null}, {"c": "é"}]}',
        "map": '[["k", 1], ["l", null]]',
        "a.b": "dotted",
        "a": "0:01:30",
        "dates": '["2024-02-29", null]',
    }
    (record,) = read(path, "a", others=False)
    assert record.values == {"a": "0:01:30"}


def test_columns_of_one_name_are_told(tmp_path):
    table = pa.Table.from_arrays([pa.array(["a"])] * 3, names=["text", "x", "x"])
    pq.write_table(table, tmp_path / "t.parquet")
    with pytest.raises(RunError, match="2 columns named 'x'"):
        read(tmp_path / "t.parquet", "text")
    (record,) = read(tmp_path / "t.parquet", "text", others=False)
    assert record.values == {"text": "a"}


def test_a_packed_file_that_is_no_parquet_is_not_unpacked_first(tmp_path):
    import zstandard

    path = tmp_path / "t.parquet.zst"
    path.write_bytes(zstandard.ZstdCompressor().compress(bytes(100_000)))
    with pytest.raises(RunError, match="no Parquet file: it starts with"):
        read(path, "text")


I32, I64, BINARY, LIST, STRUCT = 5, 6, 8, 9, 12


def varint(number: int) -> bytes:
    found = bytearray()
    while number > 127:
        found.append(number & 127 | 128)
        number >>= 7
    return bytes(found) + bytes([number])


def compact(*fields: tuple[int, int, object]) -> bytes:
    """A struct in Thrift's compact protocol, of `(field, type, value)`."""
    found = b""
    last = 0
    for field, kind, value in fields:
        if kind in (I32, I64):
            value = varint(value << 1)
        elif kind == BINARY:
            value = varint(len(value)) + value
        elif kind == LIST:
            element, values = value
            value = bytes([0xF0 | element]) + varint(len(values)) + b"".join(values)
        found += bytes([field - last << 4 | kind]) + value
        last = field
    return found + b"\0"


def with_footer(start: bytes, schema: list[bytes], rows: int, groups: list[bytes]) -> bytes:
    footer = compact(
        (1, I32, 1), (2, LIST, (STRUCT, schema)), (3, I64, rows), (4, LIST, (STRUCT, groups))
    )
    return b"PAR1" + start + footer + len(footer).to_bytes(4, "little") + b"PAR1"


def of_lengths(rows: int, count: int) -> bytes:
    """A file of empty strings, whose only page says twice that it has `count` lengths."""
    block = max(128, 1 << count.bit_length())
    lengths = varint(block) + varint(4) + varint(count) + bytes(6)
    page = pa.compress(lengths * 2, codec="zstd", asbytes=True)
    data_page = compact((1, I32, rows), (2, I32, 7), (3, I32, 3), (4, I32, 3))
    header = compact(
        (1, I32, 0), (2, I32, 2 * len(lengths)), (3, I32, len(page)), (5, STRUCT, data_page)
    )
    size = len(header) + len(page)
    column = compact(
        (1, I32, 6),
        (2, LIST, (I32, [varint(14)])),
        (3, LIST, (BINARY, [b"\x04text"])),
        (4, I32, 6),
        (5, I64, rows),
        (6, I64, size),
        (7, I64, size),
        (9, I64, 4),
    )
    chunk = compact((2, I64, 4), (3, STRUCT, column))
    group = compact((1, LIST, (STRUCT, [chunk])), (2, I64, size), (3, I64, rows))
    schema = [compact((4, BINARY, b"schema"), (5, I32, 1))]
    schema.append(compact((1, I32, 6), (3, I32, 0), (4, BINARY, b"text"), (6, I32, 0)))
    return with_footer(header + page, schema, rows, [group])


def test_a_page_has_no_more_lengths_than_values(tmp_path):
    path = tmp_path / "t.parquet"
    path.write_bytes(of_lengths(100, 100))
    assert [record.values for record in read(path, "text")] == [{"text": ""}] * 100
    path.write_bytes(of_lengths(100, 1 << 29))
    with pytest.raises(RunError, match="a page of 100 values says that it has 536,870,912 lengths"):
        read(path, "text")


def test_a_schema_that_is_nested_without_end_is_told(tmp_path):
    path = tmp_path / "t.parquet"
    group = compact((3, I32, 1), (4, BINARY, b"text"), (5, I32, 1))
    leaf = compact((1, I32, 6), (3, I32, 1), (4, BINARY, b"text"))
    path.write_bytes(with_footer(b"", [group] * 50_000 + [leaf], 0, []))
    with pytest.raises(RunError, match=r"t\.parquet: its columns are nested 50,000 deep"):
        read(path, "text")


def test_columns_of_different_lengths_are_told(tmp_path):
    """Left to itself pyarrow reads on behind the end of the shorter one."""
    path = write(
        tmp_path / "t.parquet",
        {"text": ["a"] * 64, "tags": [[1, 1]] * 64},
        compression="none",
        use_dictionary=False,
        data_page_version="2.0",
    )
    data = path.read_bytes()
    # Repetition levels: 0, 1, 0, 1, ...; then so that the last lists are one.
    levels = b"\xaa" * 16
    assert data.count(levels) == 1
    path.write_bytes(data.replace(levels, b"\xaa" * 12 + b"\xff" * 4))
    with pytest.raises(RunError, match="of different lengths|rows where there should be"):
        read(path, "text")
