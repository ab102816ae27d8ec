"""Writing fastText's labelled lines."""

from __future__ import annotations

from collections.abc import Iterable
from typing import BinaryIO

from ...errors import RunError
from ..formats.fasttext import fasttext_line
from .registry import TableFormat, register_table
from .rows import OutputRow
from .text import in_utf8


def write_fasttext(stream: BinaryIO, rows: Iterable[OutputRow]) -> int:
    """Writes the class and the text of each row, for which alone a line has a place."""
    count = 0
    with in_utf8(stream) as file:
        for count, row in enumerate(rows, 1):
            if row.label is None:
                raise RunError("the model names no class, as a line of fastText does; write .jsonl")
            try:
                line = fasttext_line(row.label, row.text)
            except RunError as error:
                raise RunError(f"row {count}: {error}; write .jsonl instead") from None
            file.write(line + "\n")
    return count


register_table(
    TableFormat("fasttext", "fastText's labelled lines", write_fasttext, of_classes=True)
)
