"""The rows of a file, whatever its format."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from .formats import FORMATS
from .input_file import InputFile
from .records import Record


def read_records(
    file: InputFile, columns: Mapping[str, str], *, others: bool = True
) -> Iterator[Record]:
    """Streams the rows of a file in their order.

    Args:
        file: Of a registered format, such as `inputs.list_files` finds it.
        columns: Columns that must be there -> the setting that names them.
        others: Whether rows carry all other columns, too, but for those of
            `columns_left_out`. Where False, rows of Parquet, which has its columns apart,
            carry none of them.

    Yields:
        Each row that is not blank, also those that cannot be used.

    Raises:
        RunError: A column is missing or there twice, a quote is never closed, a line is
            longer than 16 MiB, a row than 32 MiB, a column takes too much memory, the text is
            UTF-16, or the file cannot be read.

    Example:
        >>> from reviewlens.files import list_files
        >>> with open("reviews.csv", "w") as written:
        ...     print("text,stars", file=written)
        ...     print("Great value.,5", file=written)
        >>> (file,) = list_files("reviews.csv")
        >>> next(read_records(file, {"text": "data.text"})).values
        {'text': 'Great value.', 'stars': '5'}
    """
    return FORMATS[file.format].read(file, columns, others)


def columns_left_out(file: InputFile, columns: Mapping[str, str]) -> list[str]:
    """Names the columns that rows of a file do not carry, as a row of them could take too much.

    Args:
        file: As for `read_records`.
        columns: Columns that must be there -> the setting that names them.

    Returns:
        Columns of a Parquet file, in their order; none of any other.

    Raises:
        RunError: See `read_records`.
    """
    return FORMATS[file.format].columns_left_out(file, columns)
