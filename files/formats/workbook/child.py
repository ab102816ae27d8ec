"""A process that reads a sheet and nothing else: `python child.py FILE REQUEST`.

A workbook is a zip whose sheets unpack to any size, and a sheet of two cells far apart is a table
of billions. What reads it takes it whole. So that neither fills the memory of who asks, that
happens here, where the system grants so much and no more; the rows go out as lines of JSON.
This file imports nothing of the package, so that it starts at once.
"""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterable, Iterator
from typing import Any

# A row says the row of the header from here on, where it is not said.
_SEARCHED = 20
_SHOWN = 200


def main(path: str, request: dict[str, Any]) -> None:
    """Writes a line for each row: `[number, [cells]]`; first the header, `{"header": …}`.

    Args:
        path: Of the workbook.
        request: `sheet`, a name or None; `header_row`, a number or None; `columns`, names of
            those that are wanted; `memory`, the bytes that may be taken; `longest`, the
            characters of a row.
    """
    import python_calamine

    _limit_memory(request["memory"])
    try:
        with python_calamine.CalamineWorkbook.from_path(path) as workbook:
            name = _chosen(workbook, request)
            _write_rows(workbook.get_sheet_by_name(name), name, request)
    except python_calamine.PasswordError:
        _write({"error": "is protected by a password; save it without one"})
    except _Refusal as error:
        _write({"error": str(error)})
    except python_calamine.CalamineError as error:
        _write({"error": f"is no workbook, or damaged: {' '.join(str(error).split())[:_SHOWN]}"})


class _Refusal(Exception):
    pass


def _limit_memory(most: int) -> None:
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_AS, (most, most))


def _chosen(workbook: Any, request: dict[str, Any]) -> str:
    """The sheet that is named, else the only one with rows, else the one with the columns."""
    from python_calamine import SheetTypeEnum, SheetVisibleEnum

    names, wanted = workbook.sheet_names, request["sheet"]
    if wanted is not None:
        if wanted in names:
            return wanted
        raise _Refusal(f"has no sheet {wanted!r} (data.sheet); its sheets: {_listed(names)}")
    shown = [
        each.name
        for each in workbook.sheets_metadata
        if each.typ == SheetTypeEnum.WorkSheet and each.visible == SheetVisibleEnum.Visible
    ]
    if len(shown) == 1:
        return shown[0]
    headers = {name: _header(workbook.get_sheet_by_name(name), request) for name in shown}
    filled = [name for name, header in headers.items() if header]
    fitting = [name for name in filled if set(request["columns"]) <= set(headers[name])]
    if len(filled) == 1:
        return filled[0]
    if len(fitting) == 1 and request["columns"]:
        return fitting[0]
    if not filled:
        raise _Refusal("has no rows")
    rest = "all of which have the columns" if fitting else "none of which has the columns"
    raise _Refusal(
        f"has several sheets, {rest} that are asked for: {_listed(fitting or filled)}; name one "
        "in data.sheet (--sheet)"
    )


def _listed(names: Iterable[str]) -> str:
    return ", ".join(map(repr, names))


def _header(sheet: Any, request: dict[str, Any]) -> list[str]:
    for number, row in _rows(sheet):
        if number >= (request["header_row"] or 1) and any(row):
            return [cell.strip() for cell in row]
    return []


def _write_rows(sheet: Any, name: str, request: dict[str, Any]) -> None:
    said, columns = request["header_row"], set(request["columns"])
    header: list[str] | None = None
    better = 0
    for number, row in _rows(sheet):
        if not any(row) or (said and number < said):
            continue
        if header is None:
            header = [cell.strip() for cell in row]
            if said and number > said:
                raise _Refusal(f"sheet {name!r} has nothing in row {said} (data.header_row)")
            if not columns <= set(header):
                better = _row_with(sheet, columns, number)
            _write({"header": header, "sheet": name, "row": number, "better": better})
        elif sum(map(len, row)) > request["longest"]:
            _write([number, [cell[:_SHOWN] for cell in row], True])
        else:
            _write([number, row])


def _row_with(sheet: Any, columns: set[str], first: int) -> int:
    """Number of a row, not far below the first, that names the columns; 0 where none does."""
    for number, row in _rows(sheet):
        if number > first + _SEARCHED:
            break
        if number > first and columns <= {cell.strip() for cell in row}:
            return number
    return 0


def _rows(sheet: Any) -> Iterator[tuple[int, list[str]]]:
    for number, row in enumerate(sheet.iter_rows(), 1):
        yield number, [_text(cell) for cell in row]


def _text(cell: Any) -> str:
    """As a person reads the cell: 5 of 5.0, and 0.3 of 0.1 + 0.2, as Excel shows 15 digits."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else f"{cell:.15g}"
    return str(cell)


def _write(value: Any) -> None:
    sys.stdout.write(json.dumps(value) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], json.loads(sys.argv[2]))
