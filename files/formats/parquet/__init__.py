"""Parquet. What reads it imports pyarrow, and so is imported with the first file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ...input_file import InputFile
from ...records import Record
from ..registry import Format, register


def _read(file: InputFile, columns: Mapping[str, str], others: bool) -> Iterator[Record]:
    from .reader import read_parquet

    return read_parquet(file, columns, others)


def _columns_left_out(file: InputFile, columns: Mapping[str, str]) -> list[str]:
    from .reader import columns_left_out

    return columns_left_out(file, columns)


register(
    Format(
        *("parquet", "Parquet", (".parquet",), _read, _columns_left_out),
        begins=(b"PAR1",),
        is_text=False,
    )
)
