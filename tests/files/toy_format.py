"""A format that the product does not know: a row is a block of lines `column: cell`.

As a module of `files/formats/` would be, but for the absolute imports.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reviewlens.files import Format, InputFile, Record, register
from reviewlens.files.lines import numbered_lines
from reviewlens.files.records import MALFORMED, check_columns


def read_cards(file: InputFile, columns: Mapping[str, str], others: bool) -> Iterator[Record]:
    """Streams the blocks of a file; the number of a row is that of its first line."""
    seen: dict[str, None] = {}
    first, lines = 0, []
    for number, line in numbered_lines(file):
        if text := line.decode().strip():
            first = first if lines else number
            lines.append(text)
        elif lines:
            yield _record(first, lines, seen)
            lines = []
    if lines:
        yield _record(first, lines, seen)
    check_columns(file, seen, columns)


def _record(first: int, lines: list[str], seen: dict[str, None]) -> Record:
    cells = [line.split(": ", 1) for line in lines]
    if any(len(cell) < 2 for cell in cells):
        return Record(first, "\n".join(lines), MALFORMED, "a line without a colon")
    seen.update(dict.fromkeys(name for name, _ in cells))
    return Record(first, dict(cells))


register(Format("cards", "cards", (".cards",), read_cards))
