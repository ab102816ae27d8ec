"""Writing a table whole or not at all, to a file or to the standard output."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterable
from typing import BinaryIO

from ...errors import UsageError
from ..whole_file import whole_file
from .registry import TABLE_FORMATS, TableFormat
from .rows import OutputRow

# Stands for the standard output in place of a file.
STANDARD_STREAM = "-"


def table_format(target: str) -> TableFormat:
    """Finds the format in which a table is written.

    Args:
        target: A file, whose ending says it, or `-` for the standard output, which is CSV.

    Returns:
        The format.

    Raises:
        UsageError: No format has the ending.

    Example:
        >>> table_format("predicted.xlsx").title
        'a workbook of Excel'
    """
    ending = os.path.splitext(target)[1][1:]
    found = TABLE_FORMATS["csv"] if target == STANDARD_STREAM else TABLE_FORMATS.get(ending)
    if found is None:
        *most, last = (f".{name}" for name in TABLE_FORMATS)
        endings = f"{', '.join(most)} or {last}"
        raise UsageError(f"--output {target}: its ending says the format; use {endings}")
    return found


def write_table(rows: Iterable[OutputRow], target: str, format: TableFormat | None = None) -> int:
    """Writes rows as they come; memory does not grow with them.

    Args:
        rows: Keep all their cells in every format but fastText's.
        target: A file, which appears when it is complete, or `-` for the standard output.
        format: How they are written; None for what `table_format` says.

    Returns:
        The number of rows.

    Raises:
        UsageError: See `table_format`.
        RunError: The file cannot be written, or a row not in this format.

    Example:
        >>> row = OutputRow({"text": "Great."}, [{"predicted_label": "positive"}], {})
        >>> write_table([row], "predicted.csv")
        1
        >>> print(open("predicted.csv").read(), end="")
        text,predicted_label
        Great.,positive
    """
    format = format or table_format(target)
    if target == STANDARD_STREAM:
        return _write_to_stream(sys.stdout.buffer, rows, format)
    with whole_file(target) as file:
        return format.write(file.buffer, rows)


def _write_to_stream(stream: BinaryIO, rows: Iterable[OutputRow], format: TableFormat) -> int:
    if not format.seeks:
        count = format.write(stream, rows)
    else:
        with tempfile.TemporaryFile() as whole:
            count = format.write(whole, rows)
            whole.seek(0)
            shutil.copyfileobj(whole, stream)
    stream.flush()
    return count
