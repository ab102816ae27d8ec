"""What comes through a pipe is read as a file is, whatever is in it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

READER = """
import sys
from reviewlens.errors import RunError
from reviewlens.files import list_files, read_records
try:
    for _ in range(2):
        (file,) = list_files("-", *sys.argv[1:])
        rows = list(read_records(file, {"text": "--column"}))
        print(file.format, [row.values["text"] for row in rows])
    print(file.path)
except RunError as error:
    print(error)
"""


def read(data, *format):
    done = subprocess.run(
        [sys.executable, "-c", READER, *format], input=data, capture_output=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.decode().splitlines()


def of_parquet(path):
    import pyarrow
    import pyarrow.parquet

    pyarrow.parquet.write_table(pyarrow.table({"text": ["a", "b"]}), path)


def of_workbook(path):
    import xlsxwriter

    with xlsxwriter.Workbook(str(path)) as workbook:
        workbook.add_worksheet().write_column(0, 0, ["text", "a", "b"])


@pytest.mark.parametrize(
    ("format", "data"),
    [
        ("csv", b"text,n\na,1\nb,2\n"),
        ("jsonl", b'\xef\xbb\xbf{"text": "a"}\n{"text": "b"}\n'),
        ("json", b' [{"text": "a"}, {"text": "b"}]'),
        ("parquet", of_parquet),
        ("workbook", of_workbook),
    ],
)
def test_a_pipe_is_read_twice_and_its_format_found(tmp_path, format, data):
    if callable(data):
        data(tmp_path / "made")
        data = (tmp_path / "made").read_bytes()
    first, second, path = read(data)
    assert first == second == f"{format} ['a', 'b']"
    assert not os.path.exists(path)


def test_a_format_that_is_said_wins_and_an_empty_pipe_is_told():
    assert read(b"a\nb\n", "txt")[0] == "txt ['a', 'b']"
    assert read(b"") == ["the standard input is empty"]
