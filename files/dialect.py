"""How the rows of a file are written, as far as its format leaves that open."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class Dialect:
    """What a spreadsheet decides when it exports a table, and a reader has to know.

    None stands for what is not said. Before a file is read, `detection.settle_dialects` fills
    that in where its format has a use for it; what is None even then is as the format has it:
    UTF-8, commas between the fields of a CSV, a decimal point, the first sheet, the first row.

    Attributes:
        encoding: Of the text, by the name of a codec of Python.
        delimiter: The one character between two fields of a row.
        decimal: What stands between a whole number and its fraction, `.` or `,`.
        sheet: Name of the sheet of a workbook.
        header_row: Number of the row that names the columns, from 1; what stands above it is
            no row.

    Example:
        >>> Dialect(delimiter=";", decimal=",").encoding is None
        True
    """

    encoding: str | None = None
    delimiter: str | None = None
    decimal: str | None = None
    sheet: str | None = None
    header_row: int | None = None
