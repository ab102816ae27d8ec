"""Reading plain text: a row a line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..input_file import InputFile
from ..lines import numbered_lines
from ..records import Record, is_utf8, only_column, undecodable
from .registry import Format, register


def read_text_lines(file: InputFile, columns: Mapping[str, str], others: bool) -> Iterator[Record]:
    """Streams the lines of a file.

    Args:
        file: In UTF-8.
        columns: Columns that must be there -> the setting that names them. A line has but one,
            which has the name that is asked for, or `text` where several are.
        others: Makes no difference.

    Yields:
        Each line that is not blank.

    Raises:
        RunError: See `reading.read_records`.
    """
    column = only_column(file, columns, "a review a line")
    for number, line in numbered_lines(file):
        text = line.decode("utf-8", "surrogateescape")
        if not is_utf8(text):
            yield undecodable(file, number, text)
        elif text.strip():
            yield Record(number, {column: text.rstrip("\r\n")})


# Beside tables lie such files that say what is in them, and under what licence.
register(Format("txt", "a .txt with a review a line", (".txt",), read_text_lines, in_folders=False))
