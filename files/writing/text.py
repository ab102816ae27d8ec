"""Text that is written to a stream of bytes."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from typing import BinaryIO, TextIO


@contextlib.contextmanager
def in_utf8(stream: BinaryIO) -> Iterator[TextIO]:
    """Lends a stream as one of text, in which line ends stay what they are.

    Args:
        stream: Stays open.

    Yields:
        A text stream in UTF-8.
    """
    text = io.TextIOWrapper(stream, "utf-8", newline="")
    try:
        yield text
    finally:
        text.detach()
