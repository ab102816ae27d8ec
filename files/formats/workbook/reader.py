"""Reading a sheet row by row, out of the process that has it in memory."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from typing import IO, Any

from ....errors import RunError
from ...compression import open_file
from ...input_file import InputFile
from ...records import LONGEST_LINE, TOO_LONG, Record, check_columns
from . import child as process

# Of memory, for the workbook as a whole; see `child`. A sheet of 200,000 rows and ten columns took
# 171 MB, so that all the rows that Excel has may have twenty.
MOST_MEMORY = 2 << 30
# What the zip says that it unpacks to.
_MOST_UNPACKED = 4 << 30
_BLOCK = 1 << 20
# Imported, so that whoever asks by which code rows are read hears of it.
_CHILD = os.path.abspath(process.__file__)
# JSON has six characters for one that is not ASCII, twelve for some.
_LONGEST_ANSWER = 14 * LONGEST_LINE


def read_workbook(file: InputFile, columns: Mapping[str, str], others: bool) -> Iterator[Record]:
    """Streams the rows of a sheet; a row names the columns.

    Args:
        file: A workbook. Its dialect may name the sheet, else it is the only one that has rows,
            or the only one that has the columns; and the row of the header, else it is the first
            that is not empty. A column without a name is left out.
        columns: Columns that must be there -> the setting that names them.
        others: Makes no difference.

    Yields:
        Each row that is not empty, with its number in the sheet. Whole numbers have no
        fraction, dates are as ISO 8601 has them, truth values `true` and `false`; of a formula
        it is what it came to when the workbook was saved, and of merged cells the first one
        has the text.

    Raises:
        RunError: The file is no workbook or protected by a password, takes more than 2 GiB of
            memory, or has several sheets that could be meant; see also `reading.read_records`.
    """
    with _local_path(file) as path:
        _check_size(file, path)
        with _answers(file, path, columns) as answers:
            yield from _records(file, answers, columns)


@contextlib.contextmanager
def _local_path(file: InputFile) -> Iterator[str]:
    if not file.compression and not file.opener:
        with open_file(file):
            yield os.path.abspath(file.path)
        return
    with tempfile.NamedTemporaryFile(suffix=".workbook") as copy:
        with open_file(file) as stream:
            shutil.copyfileobj(stream, copy, _BLOCK)
        copy.flush()
        yield copy.name


def _check_size(file: InputFile, path: str) -> None:
    """Refuses a zip that says of itself that it fills the memory; it need not tell the truth."""
    try:
        with zipfile.ZipFile(path) as packed:
            size = sum(each.file_size for each in packed.infolist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        # An old workbook (.xls) is none, and what is damaged is told by who reads it.
        return
    if size > _MOST_UNPACKED:
        raise RunError(
            f"{file.path}: unpacks to {size:,} bytes, a workbook may have {_MOST_UNPACKED:,}; "
            "save the sheet as CSV"
        )


@contextlib.contextmanager
def _answers(file: InputFile, path: str, columns: Mapping[str, str]) -> Iterator[IO[bytes]]:
    request = {
        "sheet": file.dialect.sheet,
        "header_row": file.dialect.header_row,
        "columns": list(columns),
        "memory": MOST_MEMORY,
        "longest": LONGEST_LINE,
    }
    command = [sys.executable, _CHILD, path, json.dumps(request)]
    child = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    try:
        assert child.stdout
        yield child.stdout
        if child.wait():
            raise RunError(
                f"{file.path}: cannot be read within {MOST_MEMORY >> 30} GiB of memory, or is "
                "damaged; save the sheet as CSV"
            )
    finally:
        child.kill()
        child.wait()
        if child.stdout:
            child.stdout.close()


def _records(file: InputFile, answers: IO[bytes], columns: Mapping[str, str]) -> Iterator[Record]:
    header: list[str] = []
    for line in iter(lambda: answers.readline(_LONGEST_ANSWER), b""):
        if not line.endswith(b"\n"):
            # The process has ended within a row; its exit code says why.
            return
        answer = json.loads(line)
        if isinstance(answer, list):
            number, cells, *is_cut = answer
            values = {name: cell for name, cell in zip(header, cells, strict=False) if name}
            if is_cut:
                detail = f"its cells have more than {LONGEST_LINE:,} characters"
                yield Record(number, values, TOO_LONG, detail)
            elif any(values.values()):
                yield Record(number, values)
        elif "error" in answer:
            raise RunError(f"{file.path}: {answer['error']}")
        else:
            header = answer["header"]
            _check_header(file, answer, columns)


def _check_header(file: InputFile, answer: dict[str, Any], columns: Mapping[str, str]) -> None:
    names = [name for name in answer["header"] if name]
    if answer["better"]:
        raise RunError(
            f"{file.path}: row {answer['row']} of the sheet {answer['sheet']!r} does not name the "
            f"columns, row {answer['better']} does; set data.header_row (--header-row) to it"
        )
    check_columns(file, names, columns)
