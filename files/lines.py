"""The lines of a file of text, none of which fills the memory."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator

from .compression import open_file
from .input_file import InputFile
from .records import LONGEST_LINE, too_long, utf16

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


def numbered_lines(
    file: InputFile, look_at_first: Callable[[bytes], None] = lambda line: None
) -> Iterator[tuple[int, bytes]]:
    """Streams the lines of a file.

    Args:
        file: In UTF-8, with or without a byte order mark, packed or not.
        look_at_first: Gets the start of the first line, of 16 MiB at most, before it is known
            to have an end; may raise.

    Yields:
        `(number from 1, line with its end)`, the bytes as they are.

    Raises:
        RunError: A line is longer than 16 MiB, the text is UTF-16, or the file cannot be read.
    """
    with open_file(file) as stream:
        lines = iter(functools.partial(stream.readline, LONGEST_LINE), b"")
        for number, line in enumerate(lines, 1):
            is_cut = len(line) == LONGEST_LINE and not line.endswith(b"\n")
            if number == 1:
                line = line.removeprefix(_BYTE_ORDER_MARK)
                look_at_first(line)
                if line.startswith(_UTF16_MARKS):
                    raise utf16(file)
            if is_cut:
                raise too_long(file, number)
            yield number, line
