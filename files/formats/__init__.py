"""The formats of rows: one module each, which registers what it reads when it is imported.

A format is one such module and one line here; `docs/extending.md` shows how.
"""

from . import (  # noqa: F401
    conll,
    delimited,
    documents,
    fasttext,
    json_array,
    json_lines,
    parquet,
    semeval,
    squad,
    text_lines,
    workbook,
)
from .registry import FORMATS, Format, Reader, format_by_ending, register

__all__ = ["FORMATS", "Format", "Reader", "format_by_ending", "register"]
