"""Tables: every cell comes back from every format, and what a format cannot hold is told."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import sys
import tracemalloc

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reviewlens.errors import RunError, UsageError
from reviewlens.files import list_files, read_records
from reviewlens.files.writing import (
    TABLE_FORMATS,
    OutputRow,
    TableFormat,
    register_table,
    table_format,
    write_table,
)

FLAT = ["csv", "tsv", "parquet", "xlsx"]
HARMLESS = st.text(st.characters(codec="utf-8"), max_size=30)
ODD = st.sampled_from(
    ["=1+1", "+1", "-1", "@SUM(A1)", "<r>bold</r>", "<r>&</r>", "_x0041_", "http://a.b", "007"]
)


def row(cells, added=None, label=None):
    added = added or [{"predicted_label": "good", "probability_good": 0.25}]
    record = {"predicted_label": "good", "probabilities": {"good": 0.25}}
    return OutputRow(cells, added, record, cells.get("text", ""), label)


def read_workbook(path):
    from python_calamine import CalamineWorkbook

    with CalamineWorkbook.from_path(str(path)) as workbook:
        return workbook.get_sheet_by_index(0).to_python(skip_empty_area=False)


def read_table(path):
    """Cells as they stand there, whatever wrote them."""
    if path.suffix == ".xlsx":
        header, *rows = read_workbook(path)
        return [dict(zip(header, cells, strict=True)) for cells in rows]
    if path.suffix == ".parquet":
        import pyarrow.parquet

        return pyarrow.parquet.read_table(path).to_pylist()
    with open(path, newline="", encoding="utf-8") as file:
        if path.suffix == ".csv":
            return list(csv.DictReader(file))
        quoting = csv.QUOTE_NONE
        return list(csv.DictReader(file, delimiter="\t", quoting=quoting, quotechar=None))


@pytest.mark.parametrize("ending", FLAT)
def test_all_columns_are_kept_and_numbers_are_numbers_where_there_are_any(tmp_path, ending):
    target = tmp_path / f"out.{ending}"
    rows = [
        row({"id": "007", "text": "Great, =1+1"}, [{"label": "a", "start": 3, "score": 0.5}]),
        row({"id": "8", "text": ""}, [{"label": "", "start": int, "score": float}]),
    ]
    assert write_table(rows, str(target)) == 2
    first, second = read_table(target)
    assert list(first) == ["id", "text", "label", "start", "score"]
    assert (first["id"], first["text"]) == ("007", "Great, =1+1")
    typed = ending in ("parquet", "xlsx")
    assert (first["start"], first["score"]) == ((3, 0.5) if typed else ("3", "0.500000"))
    empty = None if ending == "parquet" else ""
    assert (second["id"], second["text"], second["start"]) == ("8", "", empty)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(texts=st.lists(HARMLESS | ODD, min_size=1, max_size=8))
def test_any_text_comes_back_from_every_format(tmp_path, texts):
    for ending in ("csv", "parquet", "xlsx", "jsonl"):
        target = tmp_path / f"out.{ending}"
        write_table([row({"text": text, "end": "."}) for text in texts], str(target))
        if ending == "jsonl":
            found = [json.loads(line)["text"] for line in io.StringIO(target.read_text())]
        else:
            found = [each["text"] for each in read_table(target)]
        assert found == texts, ending


def test_a_tsv_has_spaces_for_what_would_end_a_cell(tmp_path):
    target = tmp_path / "out.tsv"
    write_table([row({"text": 'a\tb\r\nc "d"'})], str(target))
    (file,) = list_files(str(target))
    (record,) = read_records(file, {"text": "data.text"})
    assert record.values["text"] == 'a b c "d"'


@pytest.mark.parametrize(
    ("cells", "problem"),
    [
        ({"text": "x" * 32_768}, "row 1: column 'text' has 32,768 characters, a cell of Excel"),
        ({"text": "👍" * 16_384}, "row 1: column 'text' has 32,768 characters"),
        ({str(n): "" for n in range(16_385)}, "row 1: has 16,38. columns"),
    ],
)
def test_what_a_workbook_has_no_room_for_is_told_before_and_while_it_is_written(
    tmp_path, cells, problem
):
    with pytest.raises(RunError, match=problem):
        TABLE_FORMATS["xlsx"].check(1, cells)
    with pytest.raises(RunError, match=problem):
        write_table([row(cells)], str(tmp_path / "out.xlsx"))
    assert not list(tmp_path.iterdir())
    write_table([row({"text": "👍" * 16_383})], str(tmp_path / "out.xlsx"))


def test_more_rows_than_a_sheet_has_are_told():
    TABLE_FORMATS["xlsx"].check(1_048_575, {"text": "a"})
    with pytest.raises(RunError, match="1,048,576 rows at most; write .csv or .parquet instead"):
        TABLE_FORMATS["xlsx"].check(1_048_576, {"text": "a"})


@pytest.mark.parametrize("ending", FLAT)
def test_columns_that_the_first_row_lacks_are_told(tmp_path, ending):
    rows = [row({"text": "a"}), row({"text": "a", "new": "b"})]
    with pytest.raises(RunError, match=r"row 2 has columns that the first row lacks \(new\)"):
        write_table(rows, str(tmp_path / f"out.{ending}"))
    assert not list(tmp_path.iterdir())


def test_rows_that_are_written_do_not_stay_in_memory(tmp_path):
    for ending in ("csv", "tsv", "jsonl", "fasttext", "xlsx"):
        rows = (row({"text": str(number) * 4000}, label="a") for number in range(1000, 1400))
        tracemalloc.start()
        write_table(rows, str(tmp_path / f"out.{ending}"))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        # All of them are 6 MB; some is what a format imports.
        assert peak < 4_000_000, ending


def test_row_groups_of_parquet_end_before_they_fill_the_memory(tmp_path):
    import pyarrow.parquet

    text = "x" * (1 << 20)
    write_table((row({"text": text}) for _ in range(20)), str(tmp_path / "out.parquet"))
    written = pyarrow.parquet.ParquetFile(tmp_path / "out.parquet").metadata
    assert [written.row_group(n).num_rows for n in range(written.num_row_groups)] == [8, 8, 4]


@pytest.mark.parametrize("name", ["csv", "parquet", "xlsx"])
def test_the_standard_output_takes_every_format(monkeypatch, tmp_path, name):
    class Pipe(io.BytesIO):
        def seekable(self):
            return False

        def seek(self, *_):
            raise io.UnsupportedOperation

    pipe = Pipe()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(pipe, "utf-8"))
    assert write_table([row({"text": "é"})], "-", TABLE_FORMATS[name]) == 1
    target = tmp_path / f"out.{name}"
    target.write_bytes(pipe.getvalue())
    assert read_table(target)[0]["text"] == "é"


def test_the_ending_says_the_format_and_the_standard_output_is_csv():
    assert table_format("-").name == "csv"
    with pytest.raises(UsageError, match="use .csv, .tsv, .fasttext, .jsonl, .parquet or .xlsx"):
        table_format("out.docx")


def test_a_format_of_ones_own_is_written(tmp_path, monkeypatch):
    monkeypatch.setattr("reviewlens.files.writing.registry.TABLE_FORMATS", TABLE_FORMATS)

    def write(stream, rows):
        return sum(1 for each in rows if stream.write(each.text.encode() + b"\n"))

    register_table(TableFormat("lines", "lines", write))
    with contextlib.ExitStack() as stack:
        stack.callback(TABLE_FORMATS.pop, "lines")
        assert write_table([row({"text": "a"})], str(tmp_path / "out.lines")) == 1
    assert (tmp_path / "out.lines").read_text() == "a\n"
