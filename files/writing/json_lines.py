"""Writing JSON Lines."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import BinaryIO

from .registry import TableFormat, register_table
from .rows import OutputRow
from .text import in_utf8


def write_json_lines(stream: BinaryIO, rows: Iterable[OutputRow]) -> int:
    """Writes an object a line: the cells of the row and what is added to it, in one piece."""
    count = 0
    with in_utf8(stream) as file:
        for count, row in enumerate(rows, 1):  # noqa: B007
            file.write(json.dumps({**row.cells, **row.record}, ensure_ascii=False) + "\n")
    return count


register_table(TableFormat("jsonl", "JSON Lines", write_json_lines))
