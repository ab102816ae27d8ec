"""Text of any encoding as a stream of UTF-8, so that whoever reads it has to know but one."""

from __future__ import annotations

import codecs
import io
from typing import BinaryIO

_BLOCK = 1 << 18
_BAD_BYTES = "reviewlens.bad-bytes"


def is_utf8_codec(encoding: str | None) -> bool:
    """Whether bytes of an encoding can be read as UTF-8.

    Args:
        encoding: Name of a codec; None where nothing is said.

    Example:
        >>> is_utf8_codec("UTF8"), is_utf8_codec("cp1252")
        (True, False)
    """
    return encoding is None or codecs.lookup(encoding).name in ("utf-8", "utf-8-sig", "ascii")


def is_encoding(name: str) -> bool:
    """Whether text can be read in an encoding of this name.

    Args:
        name: Such as `cp1252`.

    Example:
        >>> is_encoding("latin-1"), is_encoding("base64"), is_encoding("windows")
        (True, False, False)
    """
    try:
        "".encode(name)
        codecs.getincrementaldecoder(name)
    except (LookupError, ValueError):
        return False
    return True


def as_utf8(stream: BinaryIO, encoding: str | None) -> BinaryIO:
    """Makes UTF-8 of a text in another encoding while it is read.

    Args:
        stream: Open for reading; it stays open.
        encoding: Name of a codec; None for UTF-8.

    Returns:
        A buffered stream; `stream` itself where that is UTF-8. In the place of bytes that the
        encoding does not have it has bytes that are no UTF-8, the same ones where they can be.

    Example:
        >>> as_utf8(io.BytesIO("schön".encode("utf-16")), "utf-16").read().decode()
        'schön'
        >>> as_utf8(io.BytesIO(bytes([0x41, 0x81])), "cp1252").read()
        b'A\\x81'
    """
    if encoding is None or is_utf8_codec(encoding):
        return stream
    return io.BufferedReader(_Utf8(stream, encoding), _BLOCK)


class _Utf8(io.RawIOBase):
    def __init__(self, stream: BinaryIO, encoding: str):
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder(encoding)(_BAD_BYTES)
        self._unread = memoryview(b"")
        self._ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        while not self._unread and not self._ended:
            block = self._stream.read(_BLOCK)
            self._ended = not block
            text = self._decoder.decode(block, self._ended)
            self._unread = memoryview(text.encode("utf-8", _BAD_BYTES))
        count = min(len(buffer), len(self._unread))
        buffer[:count] = self._unread[:count]
        self._unread = self._unread[count:]
        return count


def _bad_bytes(error: UnicodeError) -> tuple[str | bytes, int]:
    """As `surrogateescape`, which knows no bytes of ASCII that are wrong, as UTF-16 has them."""
    if isinstance(error, UnicodeDecodeError):
        wrong = error.object[error.start : error.end]
        return "".join([chr(0xDC00 + (byte if byte > 127 else 255)) for byte in wrong]), error.end
    if isinstance(error, UnicodeEncodeError):
        half = error.object[error.start : error.end]
        kept = [ord(one) & 255 if "\udc80" <= one <= "\udcff" else 255 for one in half]
        return bytes(kept), error.end
    raise error


codecs.register_error(_BAD_BYTES, _bad_bytes)
