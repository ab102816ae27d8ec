"""Workbooks: what a person sees in a sheet is read, and none fills the memory."""

from __future__ import annotations

import datetime
import gzip
import subprocess
import zipfile

import pytest
import xlsxwriter

from reviewlens.errors import RunError
from reviewlens.files import Dialect, list_files, read_records

HEADER = ["text", "stars"]

ODS = """<?xml version="1.0"?>
<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"
 xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body><office:spreadsheet>
<table:table table:name="Reviews">{rows}</table:table>
</office:spreadsheet></office:body></office:document-content>"""
CELL = (
    '<table:table-cell office:value-type="string"{more}><text:p>{text}</text:p></table:table-cell>'
)
MANIFEST = """<m:manifest xmlns:m="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">
<m:file-entry m:full-path="/" m:media-type="{kind}"/></m:manifest>"""


def write(path, *rows, **sheets):
    """Writes the rows to the first sheet, and more sheets of their names."""
    with xlsxwriter.Workbook(str(path), {"default_date_format": "yyyy-mm-dd"}) as workbook:
        for name, lines in {"Reviews": rows, **sheets}.items():
            sheet = workbook.add_worksheet(name)
            for number, line in enumerate(lines):
                sheet.write_row(number, 0, line)
    return path


def write_ods(path, *rows, more=""):
    """Writes a sheet; `more` is said of the cells of the last row."""
    lines = [
        "".join(CELL.format(text=cell, more=more if row is rows[-1] else "") for cell in row)
        for row in rows
    ]
    table = "".join(f"<table:table-row>{line}</table:table-row>" for line in lines)
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("mimetype", kind, zipfile.ZIP_STORED)
        packed.writestr("content.xml", ODS.format(rows=table))
        packed.writestr("META-INF/manifest.xml", MANIFEST.format(kind=kind))
    return path


def read(path, columns=("text",), **said):
    (file,) = list_files(str(path), dialect=Dialect(**said))
    return list(read_records(file, {column: f"data.{column}" for column in columns}))


def test_cells_are_text_as_a_person_sees_them(tmp_path):
    header = ["text", "stars", "share", "sum", "on", "sure", "", "id"]
    day = datetime.datetime(2024, 2, 29)
    first = [" Great <r>&</r>\n", 5, 4.5, 0.1 + 0.2, day, True, "note", "007"]
    path = write(tmp_path / "in.xlsx", header, first, [], ["bad é 👍", 1, None, 1e15])
    one, two = read(path)
    assert (one.row, two.row) == (2, 4)
    assert one.values == {
        "text": " Great <r>&</r>\n",
        "stars": "5",
        "share": "4.5",
        "sum": "0.3",
        "on": "2024-02-29",
        "sure": "true",
        "id": "007",
    }
    assert (two.values["text"], two.values["share"]) == ("bad é 👍", "")


@pytest.mark.parametrize("pack", [False, True])
def test_open_document_is_read_too_and_packed_ones(tmp_path, pack):
    path = write_ods(tmp_path / "in.ods", HEADER, ["Great", "5"], ["bad", "1"])
    if pack:
        path = tmp_path / "in.ods.gz"
        path.write_bytes(gzip.compress((tmp_path / "in.ods").read_bytes()))
    assert [record.values["text"] for record in read(path)] == ["Great", "bad"]


def test_the_sheet_is_named_or_the_only_one_that_fits(tmp_path):
    notes, prices = [["note"], ["x"]], [["text", "price"], ["of a price", 5]]
    reviews = [HEADER, ["Great", 5]]
    path = write(tmp_path / "in.xlsx", *reviews, Notes=notes, Empty=[])
    assert [record.values["text"] for record in read(path)] == ["Great"]
    path = write(tmp_path / "two.xlsx", *reviews, Prices=prices)
    with pytest.raises(RunError, match="several sheets, all .* 'Reviews', 'Prices'; name one in"):
        read(path)
    assert [each.values["text"] for each in read(path, sheet="Prices")] == ["of a price"]
    with pytest.raises(RunError, match=r"no sheet 'Price' \(data.sheet\); its sheets: 'Reviews'"):
        read(path, sheet="Price")


def test_a_header_further_down_is_named_or_asked_for(tmp_path):
    path = write(tmp_path / "in.xlsx", ["Export of May"], [], HEADER, ["Great", 5])
    with pytest.raises(RunError, match="row 3 does; set data.header_row"):
        read(path, ("text", "stars"))
    (record,) = read(path, header_row=3)
    assert (record.row, record.values["text"]) == (4, "Great")
    with pytest.raises(RunError, match=r"has nothing in row 2 \(data.header_row\)"):
        read(path, header_row=2)
    with pytest.raises(RunError, match="no column 'Text', .* did you mean 'text'"):
        read(path, ("Text",), header_row=3)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 nothing", b"text\na\n"])
def test_what_is_no_workbook_is_told(tmp_path, content):
    (tmp_path / "in.xlsx").write_bytes(content)
    with pytest.raises(RunError, match=r"in\.xlsx: .*(no workbook|damaged)"):
        read(tmp_path / "in.xlsx")


def test_two_cells_far_apart_do_not_fill_the_memory(tmp_path):
    """A table of 17 billion cells, of which two are there."""
    path = tmp_path / "in.xlsx"
    with xlsxwriter.Workbook(str(path)) as workbook:
        sheet = workbook.add_worksheet()
        sheet.write_string("A1", "text")
        sheet.write_string("XFD1048576", "end")
    with pytest.raises(RunError, match="cannot be read within 2 GiB of memory"):
        read(path)


def test_a_cell_that_is_repeated_does_not_fill_the_memory(tmp_path, monkeypatch):
    monkeypatch.setattr("reviewlens.files.formats.workbook.reader.MOST_MEMORY", 1 << 28)
    more = ' table:number-columns-repeated="1000000"'
    path = write_ods(tmp_path / "in.ods", ["text"], ["x" * (1 << 20)], more=more)
    assert path.stat().st_size < 1 << 13
    with pytest.raises(RunError, match="cannot be read within"):
        read(path)


def test_a_zip_that_unpacks_to_too_much_is_not_opened(tmp_path, monkeypatch):
    path = write(tmp_path / "in.xlsx", HEADER, ["Great", 5])
    monkeypatch.setattr("reviewlens.files.formats.workbook.reader._MOST_UNPACKED", 1000)
    with pytest.raises(RunError, match="a workbook may have 1,000; save the sheet as CSV"):
        read(path)


def test_a_row_of_huge_cells_is_too_long_and_the_next_is_read(tmp_path):
    path = write_ods(tmp_path / "in.ods", HEADER, ["x" * (1 << 24), "1"], ["bad", "1"])
    first, second = read(path)
    assert (first.reason, len(first.values["text"])) == ("too-long", 200)
    assert second.values == {"text": "bad", "stars": "1"}


def test_whoever_stops_reading_leaves_no_process(tmp_path, monkeypatch):
    started, popen = [], subprocess.Popen
    monkeypatch.setattr(
        subprocess, "Popen", lambda *a, **more: started.append(popen(*a, **more)) or started[-1]
    )
    path = write(tmp_path / "in.xlsx", HEADER, *(["Great", 5] for _ in range(20_000)))
    (file,) = list_files(str(path))
    records = read_records(file, {"text": "data.text"})
    next(records)
    assert [child.poll() for child in started] == [None]
    records.close()
    assert started[0].returncode is not None


def test_files_that_lock_a_workbook_are_passed_over(tmp_path):
    write(tmp_path / "in.xlsx", HEADER, ["Great", 5])
    (tmp_path / "~$in.xlsx").write_bytes(b"owner")
    assert [file.name for file in list_files(str(tmp_path))] == ["in.xlsx"]
