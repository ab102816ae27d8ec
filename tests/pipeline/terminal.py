"""A terminal, and what it shows after all that was written to it, as far as a run uses one."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import termios
import threading

_PIECES = re.compile(r"\x1b\[\??([\d;]*)([A-Za-z])|(.)", re.DOTALL)
ROWS = 30


class Terminal:
    """A pseudo-terminal that is read all the time.

    Args:
        width: Its columns.

    Attributes:
        theirs: Descriptor of the side that programs write to and read from.
    """

    def __init__(self, width: int):
        self._ours, self.theirs = pty.openpty()
        self._width = width
        size = struct.pack("HHHH", ROWS, width, 0, 0)
        fcntl.ioctl(self.theirs, termios.TIOCSWINSZ, size)
        self._written = b""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def press(self, keys: bytes) -> None:
        """Presses keys, which the terminal echoes and makes signals of as it does for people."""
        os.write(self._ours, keys)

    def written(self) -> str:
        """What was written until now."""
        return self._written.decode(errors="replace")

    def lines(self) -> list[str]:
        """What was shown, from the first line on."""
        return screen(self.written(), self._width)

    def close(self) -> None:
        """Waits for the last of what was written, once all programs have ended."""
        os.close(self.theirs)
        self._reader.join(timeout=10)
        os.close(self._ours)

    def _read(self) -> None:
        while True:
            try:
                block = os.read(self._ours, 1 << 16)
            except OSError:
                return
            if not block:
                return
            self._written += block


def screen(written: str, width: int) -> list[str]:
    """Draws what was written.

    Args:
        written: Text, line ends and the escape sequences that move the cursor up and erase a line.
        width: Columns; what does not fit goes on in the next line, as terminals have it.

    Returns:
        The lines, from the first that was written to.
    """
    lines, row, column = [""], 0, 0
    for number, command, character in _PIECES.findall(written):
        if command == "A":
            row = max(row - int(number or 1), 0)
        elif command == "K":
            lines[row] = ""
        elif character == "\r":
            column = 0
        elif character == "\n":
            row += 1
        elif character >= " ":
            if column == width:
                row, column = row + 1, 0
            lines += [""] * (row + 1 - len(lines))
            line = lines[row].ljust(column)
            lines[row], column = line[:column] + character + line[column + 1 :], column + 1
        lines += [""] * (row + 1 - len(lines))
    return [line.rstrip() for line in lines]
