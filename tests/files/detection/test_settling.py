"""Files as spreadsheets write them: read cell by cell without a word, or asked about."""

from __future__ import annotations

import bz2
import csv
import io
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reviewlens.errors import RunError
from reviewlens.files import Dialect, list_files, read_records, settle_dialects

# Reviews in languages and the encodings in which a spreadsheet writes them.
REVIEWS = {
    "cp1252": [
        "Die Qualität ist großartig, aber die Größe fällt zu klein aus.",
        "Très déçue : la matière est désagréable et la couleur n’est pas celle de la photo.",
        "El tamaño es pequeño y la atención no fue rápida. ¡Volveré a comprar con gusto!",
    ],
    "mac-roman": ["Das Kleid ist schön und die Größe passt nicht; für den Preis aber sehr gut."],
    "cp850": ["Der Stoff ist weich und die Nähte sind für den Preis überraschend schön."],
    "cp1250": ["Bardzo dobra jakość, ale nie jest to mały rozmiar. Żałuję, że do pracy za gorąco."],
    "cp1254": ["Ürün çok güzel ve kargo hızlıydı ama bir beden büyük gibi, şiddetle değil."],
    "cp1251": ["Очень хорошее качество, но размер маловат. За эту цену вполне нормально."],
    "cp932": ["とても良い品質ですが、サイズが小さいです。また買いたいと思います。"],
}
COLUMNS = {"text": "data.text", "stars": "data.rating"}


def write(path: Path, rows, encoding="utf-8", delimiter=",", header=("id", "text", "stars")):
    """Writes rows as Python's csv has it."""
    stream = io.StringIO(newline="")
    csv.writer(stream, delimiter=delimiter).writerows([header, *rows])
    path.write_bytes(stream.getvalue().encode(encoding))
    return path


def rows_of(texts, count=40):
    return [[str(i), texts[i % len(texts)], str(i % 5 + 1)] for i in range(count)]


def settled(path, columns=COLUMNS, **said):
    return settle_dialects(list_files(str(path), dialect=Dialect(**said)), columns)


def read(path, **said):
    """The cells of a file, as lists."""
    (file,) = settled(path, **said).files
    records = list(read_records(file, COLUMNS))
    assert not any(record.reason for record in records), records
    return [list(record.values.values()) for record in records]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", [*REVIEWS, "utf-16", "utf-16-le", "utf-16-be", "utf-8-sig"])
def test_what_was_written_is_read_whatever_the_dialect(tmp_path, encoding, delimiter):
    rows = rows_of(REVIEWS.get(encoding, REVIEWS["cp1252"]))
    path = write(tmp_path / "t.csv", rows, encoding, delimiter)
    assert read(path) == rows
    (*lines,) = settled(path).lines
    name = "tab" if delimiter == "\t" else delimiter
    said = [f"{name} between fields"] * (delimiter != ",") + [encoding] * (encoding != "utf-8-sig")
    assert lines == ([f"t.csv: {', '.join(said)}"] if said else [])


CELLS = st.text(st.sampled_from('aeurnst ,;|\t"\r\n.:äöüßéà€’'), max_size=12)


@settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(st.tuples(CELLS, CELLS), max_size=8),
    st.sampled_from(",;\t|"),
    st.sampled_from(["utf-8", "cp1252", "utf-16"]),
    st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
)
def test_cells_come_back_or_it_is_asked(tmp_path, cells, delimiter, encoding, quoting):
    rows = [[str(i), text, other] for i, (text, other) in enumerate(cells)]
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, delimiter=delimiter, quoting=quoting)
    writer.writerows([["id", "text", "stars"], *rows])
    path = tmp_path / "t.csv"
    path.write_bytes(stream.getvalue().encode(encoding))
    assert read(path, encoding=encoding) == rows
    try:
        found = read(path)
    except RunError as error:
        assert "set data.encoding" in str(error)
    else:
        assert found == rows


def test_what_is_said_is_not_found_out(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes("text;stars\nd\u010dm,5;4\n".encode("cp1250"))
    assert read(path, encoding="cp1250") == [["d\u010dm,5", "4"]]
    lines = settled(path, {}, delimiter=",", encoding="cp1252").lines
    assert lines == []


def test_an_encoding_that_is_not_certain_is_asked_for_with_what_each_reads(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(b"text;stars\nB\xf8rge \xe8 k\xf8p;4\n")
    with pytest.raises(RunError) as caught:
        settled(path)
    first, *readings = str(caught.value).splitlines()
    assert "t.csv: its encoding is not certain; set data.encoding" in first
    assert any("cp1252" in line and "Børge è køp" in line for line in readings)
    assert any("cp1250" in line and "Břrge č křp" in line for line in readings)


def test_a_delimiter_that_is_not_certain_is_asked_for(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("a,b;c,d;e\n1,2;3,4;5\n")
    with pytest.raises(
        RunError, match="set data.delimiter to one of:\n    ,    3 columns"
    ) as error:
        settled(path, {})
    assert ";    3 columns, 'a,b', 'c,d', 'e'" in str(error.value)
    assert settled(path, {"c,d": "data.text"}).files[0].dialect.delimiter == ";"


def test_all_that_is_in_the_way_of_files_is_told_at_once(tmp_path):
    write(tmp_path / "a.csv", rows_of(REVIEWS["cp1252"]), "cp1252", ";", ("id", "txt", "star"))
    (tmp_path / "b.csv").write_bytes(b"txt;stars\nB\xf8rge \xe8 k\xf8p;4\n")
    (tmp_path / "c.csv.bz2").write_bytes(bz2.compress(b"text,stars\n" + b"1,2\n" * 9999)[:-20])
    with pytest.raises(RunError) as caught:
        settled(tmp_path)
    told = str(caught.value)
    assert (
        "a.csv: has no column 'text', which data.text names; did you mean 'txt'? It has no" in told
    )
    assert "did you mean 'star'? Its columns: 'id', 'txt', 'star' (read with ; between" in told
    assert "b.csv: its encoding is not certain" in told
    assert "b.csv: has no column 'text'" in told
    assert "c.csv.bz2: its .bz2 data is damaged or cut short" in told


def test_a_few_damaged_rows_do_not_make_another_encoding_of_a_file(tmp_path):
    path = write(tmp_path / "t.csv", rows_of(REVIEWS["cp1252"]))
    path.write_bytes(path.read_bytes() + b"40,caf\xe9,5\r\n")
    (file,) = settled(path).files
    records = list(read_records(file, COLUMNS))
    assert [record.reason for record in records] == [""] * 40 + ["undecodable"]
    assert "0xe9 after 6 characters: not UTF-8" in records[-1].detail


def test_bytes_that_an_encoding_does_not_have_cost_their_row(tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes("text,stars\ngroß,4\n".encode("cp1252") + b"no\x81,5\n")
    (file,) = settled(path, encoding="cp1252").files
    good, bad = read_records(file, COLUMNS)
    assert good.values == {"text": "groß", "stars": "4"}
    assert bad.reason == "undecodable" and bad.values == "no\\x81,5\n"
    assert bad.detail == "byte 0x81 after 2 characters: not cp1252"
    text = "text,stars\nx\ud83dy,1\nfine,2\n"
    path.write_bytes(text.encode("utf-16-le", "surrogatepass")[:-1])
    (file,) = settled(path, encoding="utf-16-le").files
    assert [record.reason for record in read_records(file, COLUMNS)] == ["undecodable"] * 2


@pytest.mark.parametrize("ending", ["tsv", "jsonl", "txt", "conll"])
def test_every_format_of_text_is_read_in_every_encoding(tmp_path, ending):
    texts = REVIEWS["cp1252"] * 5
    lines = {
        "tsv": ["text\tstars", *(f"{text}\t4" for text in texts)],
        "jsonl": [json.dumps({"text": text}, ensure_ascii=False) for text in texts],
        "txt": texts,
        "conll": [word for text in texts for word in [*text.split(" "), ""]],
    }[ending]
    for encoding in ("cp1252", "utf-16"):
        path = tmp_path / f"t.{ending}"
        path.write_bytes("\n".join(lines).encode(encoding))
        settled_ = settled(path, {"text": "data.text"})
        assert settled_.lines == [f"t.{ending}: {encoding}"]
        records = read_records(settled_.files[0], {"text": "data.text"})
        assert [record.values["text"] for record in records] == texts


def test_a_column_of_text_may_have_commas_in_it_without_quotes(tmp_path):
    texts = ["good, really", "bad", "so, so, so", "it fits, mostly"] * 5
    path = tmp_path / "t.csv"
    path.write_text("text\n" + "\n".join(texts) + "\n")
    (file,) = settled(path, {"text": "data.text"}).files
    assert [record.values["text"] for record in read_records(file, {})] == texts
    # As many in every row are no accident.
    path.write_text("text\n" + "good,5\n" * 20)
    assert settled(path, {"text": "data.text"}).files[0].dialect.delimiter == ","


def test_rows_above_the_header_are_none(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("Export of May\nShop 7\ntext;stars\ngood;4\n")
    (file,) = settled(path, header_row=3).files
    (record,) = read_records(file, COLUMNS)
    assert record == (4, {"text": "good", "stars": "4"}, "", "")
    path.write_text("sep=|\ntext|stars\ngood|4\n")
    assert read(path) == [["good", "4"]]


def test_files_of_one_dialect_are_told_in_one_line(tmp_path):
    for name in ("a", "b", "c"):
        write(tmp_path / f"{name}.csv", rows_of(REVIEWS["cp1251"]), "cp1251", ";")
    write(tmp_path / "d.csv", rows_of(["good"]))
    assert settled(tmp_path).lines == ["a.csv and 2 more: ; between fields, cp1251"]


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"encoding": "windows"}, "Python does not know"),
        ({"encoding": "base64"}, "Python does not know"),
        ({"delimiter": "::"}, "it is one character"),
        ({"delimiter": '"'}, "it is one character"),
        ({"decimal": ";"}, "choose one of"),
        ({"header_row": 0}, "from 1"),
    ],
)
def test_a_dialect_that_cannot_be_is_told(said, words):
    ((attribute, problem),) = Dialect(**said).problems()
    assert attribute in said and words in problem
    assert not list(Dialect("cp1252", "tab", ",", None, 2).problems())


DECIMALS = [
    (";", ["4,5", "3", "1,0"], ",", ["decimal comma"]),
    (";", ["1.234,5", "12,25"], ",", ["decimal comma"]),
    (";", ["0,125", "0,250"], ",", ["decimal comma"]),
    (",", ["4,5", "3,5"], ",", ["decimal comma"]),
    (";", ["4.5", "1,234.5"], ".", []),
    (",", ["1.234", "2.345"], None, []),
    (";", ["4", "5", ""], None, []),
    (";", ["4,5", "four"], None, []),
    (";", ["01.02.2024", "02.02.2024"], None, []),
]


@pytest.mark.parametrize(("delimiter", "cells", "decimal", "told"), DECIMALS)
def test_the_mark_before_fractions_is_found_in_columns_of_numbers(
    tmp_path, delimiter, cells, decimal, told
):
    rows = [[str(i), "so good, 1.5 of 2", cell] for i, cell in enumerate(cells * 3)]
    path = write(tmp_path / "t.csv", rows, delimiter=delimiter)
    (file,), lines = settled(path)
    assert file.dialect.decimal == decimal
    assert [line.endswith("decimal comma") for line in lines] == ([bool(told)] if lines else [])
    assert not told or lines


@pytest.mark.parametrize("cells", [["4,5", "4.5"], ["1,234", "2,345"]])
def test_a_mark_that_is_not_certain_is_asked_for(tmp_path, cells):
    rows = [[str(i), "good", cell] for i, cell in enumerate(cells)]
    path = write(tmp_path / "t.csv", rows, delimiter=";")
    with pytest.raises(RunError, match="not certain .*column 'stars'.* set data.decimal to . or ,"):
        settled(path)
    assert settled(path, decimal=",").files[0].dialect.decimal == ","
    # Where no column is asked for, no number matters.
    assert settled(path, {}).files[0].dialect.decimal is None


def test_what_cannot_be_said_of_any_file_is_told(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"text": "Good.", "stars": 5}\n')
    said = {"delimiter": ";", "encoding": "cp1252", "sheet": "A", "header_row": 2}
    found = settled(tmp_path, {}, **said)
    assert found.lines == [
        f"data.{name} has no use: there is no such thing in JSON Lines"
        for name in ("delimiter", "sheet", "header_row")
    ]
    (tmp_path / "b.csv").write_text("text;stars\nGood.;5\n")
    assert len(settled(tmp_path, {}, **said | {"header_row": 1}).lines) == 1


def test_a_single_column_is_read_whatever_it_was_written_for(tmp_path):
    rows = [[f"Good, {'soft, ' * (i % 3)}and so on."] for i in range(3)]
    rows += [[f'Row {i}, of\ntwo "lines".'] for i in range(40)]
    path = write(tmp_path / "t.csv", rows, delimiter=";", header=("text",))
    (file,) = settled(path, {"text": "data.text"}).files
    assert [[*record.values.values()] for record in read_records(file, {})] == rows
