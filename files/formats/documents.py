"""Reading documents of plain text: a row is the lines up to a blank one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..input_file import InputFile
from ..lines import numbered_lines
from ..records import LONGEST_LINE, TOO_LONG, Record, is_utf8, only_column, start_of, undecodable
from .registry import Format, register


def read_documents(file: InputFile, columns: Mapping[str, str], others: bool) -> Iterator[Record]:
    """Streams the documents of a file.

    Args:
        file: In UTF-8.
        columns: Columns that must be there -> the setting that names them. A document has but
            one, which has the name that is asked for, or `text` where several are.
        others: Makes no difference.

    Yields:
        Each document, its lines as they are; its row is the number of its first line. One of more
        than 16 MiB cannot be used.

    Raises:
        RunError: See `reading.read_records`.
    """
    column = only_column(file, columns, "a blank line between documents")
    for row, document, is_whole in _documents(file):
        text = document.decode("utf-8", "surrogateescape")
        if not is_whole:
            detail = f"a document of more than {LONGEST_LINE:,} bytes: is a blank line missing?"
            yield Record(row, start_of(text), TOO_LONG, detail)
        elif not is_utf8(text):
            yield undecodable(file, row, text)
        elif text.strip():
            yield Record(row, {column: text.rstrip("\r\n")})


def _documents(file: InputFile) -> Iterator[tuple[int, bytearray, bool]]:
    """Row, lines and whether these are all."""
    # Not a list: the lines may be short and many.
    document = bytearray()
    row, size = 0, 0
    for number, line in numbered_lines(file):
        if line.strip():
            if not document:
                row, size = number, 0
            size += len(line)
            if not document or size <= LONGEST_LINE:
                document += line
        elif document:
            yield row, document, size <= LONGEST_LINE
            document = bytearray()
    if document:
        yield row, document, size <= LONGEST_LINE


# No ending is its own: a .txt is lines of text unless something else is asked for.
register(Format("documents", "documents with a blank line between two", (), read_documents))
