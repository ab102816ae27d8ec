"""Writing Parquet."""

from __future__ import annotations

from collections.abc import Iterable
from typing import BinaryIO

from .registry import TableFormat, register_table
from .rows import Cell, FlatRows, OutputRow

# A row group, and with it what memory holds, ends with whichever comes first.
_MOST_ROWS = 1 << 16
_MOST_CHARACTERS = 1 << 23


def write_parquet(stream: BinaryIO, rows: Iterable[OutputRow]) -> int:
    """Writes columns of strings, and of numbers where numbers are added; empty ones are null."""
    import pyarrow
    import pyarrow.parquet

    types = {str: pyarrow.string(), int: pyarrow.int64(), float: pyarrow.float64()}
    flat = FlatRows(rows)
    schema = pyarrow.schema([(name, types[kind]) for name, kind in flat.columns.items()])
    waiting: list[list[Cell]] = []
    characters = 0

    def write_group() -> None:
        columns = zip(*waiting, strict=True) if waiting else ([] for _ in flat.columns)
        arrays = [
            pyarrow.array([_value(cell, kind) for cell in column], types[kind])
            for column, kind in zip(columns, flat.columns.values(), strict=True)
        ]
        writer.write_table(pyarrow.Table.from_arrays(arrays, schema=schema))
        waiting.clear()

    with pyarrow.parquet.ParquetWriter(stream, schema, compression="zstd") as writer:
        for cells in flat:
            waiting.append(cells)
            characters += sum(len(cell) for cell in cells if isinstance(cell, str))
            if len(waiting) >= _MOST_ROWS or characters >= _MOST_CHARACTERS:
                write_group()
                characters = 0
        write_group()
    return flat.count


def _value(cell: Cell, kind: type) -> str | int | float | None:
    if isinstance(cell, type) or (cell == "" and kind is not str):
        return None
    return cell


register_table(TableFormat("parquet", "Parquet", write_parquet))
