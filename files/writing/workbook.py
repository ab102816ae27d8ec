"""Writing workbooks of Excel."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, BinaryIO
from xml.sax.saxutils import escape

from ...errors import RunError
from .registry import TableFormat, register_table
from .rows import Cell, FlatRows, OutputRow

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet

# What Excel holds, see "Excel specifications and limits".
_MOST_ROWS = 1 << 20
_MOST_COLUMNS = 1 << 14
_LONGEST_CELL = (1 << 15) - 1

_SHEET = "predictions"
_INSTEAD = "write .csv or .parquet instead"


def write_workbook(stream: BinaryIO, rows: Iterable[OutputRow]) -> int:
    """Writes one sheet; what was read as text is text in it, whatever it looks like.

    Neither a formula nor a link is made of a text, and no number or date: `007` stays what it is.
    """
    flat = FlatRows(rows)
    _check_columns(1, flat.columns)
    with _sheet(stream) as sheet:
        sheet.freeze_panes(1, 0)
        # Else each number that is kept as text gets a green corner.
        sheet.ignore_errors({"number_stored_as_text": f"A1:XFD{_MOST_ROWS}"})
        _write_cells(sheet, 0, list(flat.columns))
        for place, cells in enumerate(flat, 1):
            if place >= _MOST_ROWS:
                raise _too_many_rows(flat.count)
            _check_lengths(flat.count, dict(zip(flat.columns, cells, strict=True)))
            _write_cells(sheet, place, cells)
    return flat.count


@contextlib.contextmanager
def _sheet(stream: BinaryIO) -> Iterator[Worksheet]:
    import xlsxwriter
    from xlsxwriter.exceptions import FileCreateError

    # Rows go to the disk as they come.
    workbook = xlsxwriter.Workbook(stream, {"constant_memory": True})
    workbook.use_zip64()
    try:
        yield workbook.add_worksheet(_SHEET)
    finally:
        try:
            workbook.close()
        except FileCreateError as error:
            raise error.args[0] from None


def check_workbook_row(number: int, cells: Mapping[str, str]) -> None:
    """Makes sure, before anything is written, that a sheet has room for a row.

    Args:
        number: Of the row, from 1.
        cells: Column -> text.

    Raises:
        RunError: Excel has no room for so many rows or columns, or for so long a cell.
    """
    if number >= _MOST_ROWS:
        raise _too_many_rows(number)
    _check_columns(number, cells)
    _check_lengths(number, cells)


def _too_many_rows(number: int) -> RunError:
    return RunError(f"row {number}: a sheet of Excel has {_MOST_ROWS:,} rows at most; {_INSTEAD}")


def _check_columns(number: int, cells: Mapping[str, object]) -> None:
    if len(cells) > _MOST_COLUMNS:
        raise RunError(
            f"row {number}: has {len(cells):,} columns, a sheet of Excel {_MOST_COLUMNS:,} at "
            f"most; {_INSTEAD}"
        )


def _check_lengths(number: int, cells: Mapping[str, Cell]) -> None:
    for column, cell in cells.items():
        if not isinstance(cell, str) or len(cell) <= _LONGEST_CELL // 2:
            continue
        # Excel counts as UTF-16 does.
        length = len(cell.encode("utf-16-le")) // 2
        if length > _LONGEST_CELL:
            raise RunError(
                f"row {number}: column {column!r} has {length:,} characters, a cell of Excel "
                f"{_LONGEST_CELL:,} at most; {_INSTEAD}"
            )


def _write_cells(sheet: Worksheet, place: int, cells: Iterable[Cell]) -> None:
    for column, cell in enumerate(cells):
        if isinstance(cell, type) or cell == "":
            continue
        if isinstance(cell, str):
            sheet.write_string(place, column, _as_string(cell))
        elif math.isfinite(cell):
            sheet.write_number(place, column, cell)
        else:
            sheet.write_string(place, column, str(cell))


def _as_string(text: str) -> str:
    # XlsxWriter takes such a text for markup of its own, and would not escape what is in it.
    if text.startswith("<r>") and text.endswith("</r>"):
        return f'<r><t xml:space="preserve">{escape(text)}</t></r>'
    return text


register_table(
    TableFormat("xlsx", "a workbook of Excel", write_workbook, check_workbook_row, seeks=True)
)
