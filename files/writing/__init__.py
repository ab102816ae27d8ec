"""The formats of tables that are written: one module each, which registers what it writes.

A format is one such module and one line here; `docs/extending.md` shows how.
"""

from . import delimited, fasttext, json_lines, parquet, workbook  # noqa: F401
from .registry import TABLE_FORMATS, TableFormat, register_table
from .rows import Cell, OutputRow
from .tables import STANDARD_STREAM, table_format, write_table

__all__ = [
    "STANDARD_STREAM",
    "TABLE_FORMATS",
    "Cell",
    "OutputRow",
    "TableFormat",
    "register_table",
    "table_format",
    "write_table",
]
