"""Reading Parquet."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping

import pyarrow
import pyarrow.parquet

from ...errors import RunError
from .compression import open_file
from .inputs import InputFile
from .records import UNDECODABLE, Record, cell_text, check_columns

_ROWS = 1024


def read_parquet(file: InputFile, columns: Mapping[str, str]) -> Iterator[Record]:
    """Streams the rows of a Parquet file, a row group at a time.

    Args:
        file: Plain; one that is packed as a whole is unpacked to a temporary file first.
        columns: Columns that are read -> the setting that names them.

    Yields:
        Each row.

    Raises:
        RunError: A column is missing, or this is no Parquet file.
    """
    with open_file(file) as stream, tempfile.TemporaryFile() as unpacked:
        if file.compression:
            shutil.copyfileobj(stream, unpacked)
            unpacked.seek(0)
            stream = unpacked
        try:
            table = pyarrow.parquet.ParquetFile(stream)
            check_columns(file, table.schema_arrow.names, columns)
            number = 0
            for batch in table.iter_batches(_ROWS, columns=list(columns)):
                for values in batch.to_pylist():
                    number += 1
                    yield _record(number, values)
        except pyarrow.ArrowException as error:
            raise RunError(f"{file.path}: is no Parquet file, or damaged: {error}") from None


def _record(number: int, values: dict) -> Record:
    try:
        decoded = {
            name: cell_text(value.decode() if isinstance(value, bytes) else value)
            for name, value in values.items()
        }
    except UnicodeDecodeError as error:
        shown = {name: cell_text(str(value)) for name, value in values.items()}
        return Record(number, shown, UNDECODABLE, str(error))
    return Record(number, decoded)
