"""Writing CSV (RFC 4180) and TSV."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from typing import BinaryIO

from .registry import TableFormat, register_table
from .rows import FlatRows, OutputRow, cell_as_text
from .text import in_utf8

# What ends a cell of TSV, which has no quotes to put it in.
_ENDS = re.compile(r"\r\n|[\t\r\n]")


def write_csv(stream: BinaryIO, rows: Iterable[OutputRow]) -> int:
    """Writes what `formats.delimited` reads as CSV.

    Cells are written as they are, also those that begin with `=`, `+`, `-` or `@`, which a
    spreadsheet takes for a formula when it opens a CSV: another program that reads it has to
    get the text that was read. A workbook (`.xlsx`) has texts that are no formulas.
    """
    flat = FlatRows(rows)
    with in_utf8(stream) as file:
        writer = csv.writer(file)
        if flat.columns:
            writer.writerow(flat.columns)
        writer.writerows(map(cell_as_text, cells) for cells in flat)
    return flat.count


def write_tsv(stream: BinaryIO, rows: Iterable[OutputRow]) -> int:
    """Writes what `formats.delimited` reads as TSV: tabs and line ends in a cell are spaces."""
    flat = FlatRows(rows)
    with in_utf8(stream) as file:
        if flat.columns:
            file.write(_line(flat.columns))
        for cells in flat:
            file.write(_line(map(cell_as_text, cells)))
    return flat.count


def _line(cells: Iterable[str]) -> str:
    return "\t".join([_ENDS.sub(" ", cell) for cell in cells]) + "\n"


register_table(TableFormat("csv", "CSV", write_csv))
register_table(TableFormat("tsv", "TSV", write_tsv))
