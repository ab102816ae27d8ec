"""Reading Parquet."""

from __future__ import annotations

import contextlib
import itertools
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from typing import BinaryIO, NamedTuple

import pyarrow
import pyarrow.parquet

# Without it pyarrow before 14.0.1 runs what a file has pickled as the type of a column
# (CVE-2023-47248), as soon as the file is opened.
import pyarrow_hotfix

from ....errors import RunError
from ...compression import open_file
from ...input_file import InputFile
from ...records import Record, check_columns
from .cells import to_records
from .headers import schema_depth
from .memory import (
    LARGEST_PAGES,
    Leaf,
    Portion,
    find_leaves,
    measure,
    open_pages,
    plan_portions,
)

pyarrow_hotfix.install()

_MAGIC = b"PAR1"
_PICKLED = "arrow.py_extension_type"
_BLOCK = 1 << 16
_DEEPEST = 100

# What pyarrow raises of a file that it cannot read, or that is not what its footer says.
_DAMAGED = (
    pyarrow.ArrowException,
    ArithmeticError,
    LookupError,
    MemoryError,
    OSError,
    RecursionError,
    TypeError,
    ValueError,
)


class _Plan(NamedTuple):
    """What is read of a file, and how."""

    metadata: pyarrow.parquet.FileMetaData
    leaves: list[Leaf]
    portions: list[Portion]
    left_out: list[str]


def read_parquet(file: InputFile, columns: Mapping[str, str], others: bool) -> Iterator[Record]:
    """Streams the rows of a Parquet file, as many at a time as memory has room for.

    Args:
        file: One that is packed as a whole, or remote, is copied to a temporary file first.
        columns: Columns that must be there -> the setting that names them.
        others: Whether the other columns are read, too, but for those of `columns_left_out`.

    Yields:
        Each row.

    Raises:
        RunError: A column is missing or takes too much memory, or this is no Parquet file.
    """
    with _seekable(file) as stream, _told(file):
        plan = _plan(file, stream, columns, others)
        number = 1
        for portion in plan.portions:
            reader = pyarrow.parquet.ParquetFile(
                stream,
                metadata=plan.metadata,
                read_dictionary=portion.dictionaries,
                buffer_size=_BLOCK,
            )
            for columns_of_rows in _in_step(reader, portion, plan.leaves):
                yield from to_records(columns_of_rows, number, columns)
                number += len(next(iter(columns_of_rows.values())))
            if number - 1 != portion.last_row:
                raise ValueError(f"{number - 1:,} rows where there should be {portion.last_row:,}")


def columns_left_out(file: InputFile, columns: Mapping[str, str]) -> list[str]:
    """Names the columns that would take too much memory beside those that must be read.

    Args:
        file: A Parquet file.
        columns: Columns that must be there -> the setting that names them.

    Returns:
        Their names, in their order.

    Raises:
        RunError: See `read_parquet`.
    """
    with _seekable(file) as stream, _told(file):
        return _plan(file, stream, columns, others=True).left_out


def _in_step(
    reader: pyarrow.parquet.ParquetFile, portion: Portion, leaves: list[Leaf]
) -> Iterator[dict[str, pyarrow.Array]]:
    """Reads the same rows of each column; pyarrow goes astray where one is shorter than others."""
    batches = {
        # By number: by name it would read a column `a.b` with one that is `a`.
        column: reader.reader.iter_batches(
            portion.rows,
            row_groups=[portion.number],
            column_indices=[leaf.number for leaf in own],
            use_threads=False,
        )
        for column, own in itertools.groupby(leaves, lambda leaf: leaf.column)
    }
    arrays: dict[str, pyarrow.Array] = {}
    while True:
        for column, more in batches.items():
            while not len(arrays.get(column, ())):
                batch = next(more, None)
                if batch is None:
                    break
                batch.validate()
                arrays[column] = batch.column(0)
        rows = min(map(len, arrays.values()), default=0)
        if len(arrays) < len(batches) or not rows:
            if any(map(len, arrays.values())):
                raise ValueError("its columns are of different lengths")
            return
        yield {column: array.slice(0, rows) for column, array in arrays.items()}
        arrays = {column: array.slice(rows) for column, array in arrays.items()}


@contextlib.contextmanager
def _seekable(file: InputFile) -> Iterator[BinaryIO]:
    with open_file(file) as stream:
        if not file.compression and not file.opener:
            yield stream
            return
        with tempfile.TemporaryFile() as copy:
            # What is no Parquet file at all need not fill the disk first.
            start = stream.read(len(_MAGIC))
            if start != _MAGIC:
                raise RunError(f"{file.path}: is no Parquet file: it starts with {start!r}")
            copy.write(start)
            shutil.copyfileobj(stream, copy, _BLOCK)
            yield copy


@contextlib.contextmanager
def _told(file: InputFile) -> Iterator[None]:
    """Says of which file it is what pyarrow says."""
    try:
        yield
    except _DAMAGED as error:
        problem = " ".join(str(error).split()) or type(error).__name__
        raise RunError(f"{file.path}: is no Parquet file, or damaged: {problem}") from None
    except RuntimeError as error:
        if _PICKLED not in str(error):
            raise
        raise RunError(
            f"{file.path}: has a column of a type that is pickled Python ({_PICKLED}), which "
            "could run anything; write it as strings or numbers"
        ) from None


def _plan(file: InputFile, stream: BinaryIO, columns: Mapping[str, str], others: bool) -> _Plan:
    depth = schema_depth(stream)
    if depth > _DEEPEST:
        raise RunError(f"{file.path}: its columns are nested {depth:,} deep, more than {_DEEPEST}")
    opened = pyarrow.parquet.ParquetFile(stream)
    names = opened.schema_arrow.names
    check_columns(file, names, columns)
    if others:
        check_columns(file, names, dict.fromkeys(names, "in its schema"))
    wanted = set(names) if others else set(columns)
    every = find_leaves(opened)
    measured = measure(stream, opened.metadata, [leaf for leaf in every if leaf.column in wanted])
    sizes = open_pages(measured)
    room = LARGEST_PAGES - sum(sizes.get(column, 0) for column in columns)
    if room < 0:
        largest = max(columns, key=lambda column: sizes.get(column, 0))
        raise RunError(
            f"{file.path}: the pages of the column {largest!r} ({columns[largest]}) take up to "
            f"{sizes[largest]:,} bytes of memory, those of all columns in use may take "
            f"{LARGEST_PAGES:,}; write smaller pages or row groups"
        )
    left_out = []
    for column in names:
        if column in wanted and column not in columns:
            if sizes.get(column, 0) > room:
                left_out.append(column)
                wanted.discard(column)
            else:
                room -= sizes.get(column, 0)
    leaves = [leaf for leaf in every if leaf.column in wanted]
    return _Plan(
        opened.metadata, leaves, plan_portions(opened.metadata, measured, leaves), left_out
    )
