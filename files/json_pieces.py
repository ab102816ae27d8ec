"""A file that is one piece of JSON, taken apart value by value, of which memory holds one."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from typing import Any, BinaryIO, NamedTuple, NoReturn

from ..errors import RunError
from .input_file import InputFile
from .records import LONGEST_LINE, start_of, utf16

_CHUNK = 1 << 16
# Whoever nests deeper wants to fill the stack, whoever names more keys the memory.
_DEEPEST = 100
_MOST_KEYS = 1000
_LONGEST_KEY = 1000

_SPACE = re.compile(r"[ \t\n\r]*")
_END_OF_STRING = re.compile(r'["\\]')
# Strings without an escape are passed in one step.
_BRACKET_OR_STRING = re.compile(r'"[^"\\]*"|["{}[\]]')
_END_OF_SCALAR = re.compile(r"[ \t\n\r,:{}[\]\"]")


class Piece(NamedTuple):
    """A value as it stands in a file.

    Attributes:
        text: JSON that was not looked at but for its brackets and quotes; the start of it where
            it is not whole.
        is_whole: Whether it is not longer than was asked for.
        line: Where it begins, from 1.
        column: Likewise, in characters.
    """

    text: str
    is_whole: bool
    line: int
    column: int


class JsonPieces:
    """Walks through the JSON of a file.

    Whoever walks takes each value before the next one: by `piece`, or by `members` or `elements`
    to the end.

    Args:
        file: Named in messages.
        stream: Its bytes, in UTF-8 with or without a byte order mark. Bytes that are no UTF-8
            are in strings as `surrogateescape` has them.

    Raises:
        RunError: From every method: what is there is no JSON, the file ends before its JSON
            does, an object has a key twice or more than a thousand of them, or values lie within
            more than a hundred others; with file, line and column.
    """

    def __init__(self, file: InputFile, stream: BinaryIO):
        self._file = file
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")("surrogateescape")
        self._text = ""
        self._at = 0
        # Where the text begins in the file, and how many brackets are open there.
        self._line, self._column = 1, 0
        self._depth = 0
        start = stream.read(_CHUNK)
        if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            raise utf16(file)
        self._text = self._decoder.decode(start)

    def peek(self) -> str:
        """Returns the character that the next value, or what parts values, begins with.

        Returns:
            "" at the end of the file.
        """
        while True:
            match = _SPACE.match(self._text, self._at)
            self._at = match.end() if match else self._at
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._read_on():
                return ""

    def piece(self, most: int = LONGEST_LINE) -> Piece:
        """Takes the next value.

        Args:
            most: Characters that are kept of it.

        Returns:
            The value, or its start where it is longer.
        """
        first = self.peek()
        line, column = self._place()
        if not first:
            self._refuse_end()
        parts, size = [], 0
        for part in self._parts(first):
            size += len(part)
            if size <= most:
                parts.append(part)
            else:
                parts = [start_of((parts or [part])[0])]
        return Piece("".join(parts), size <= most, line, column)

    def members(self) -> Iterator[str]:
        """Yields the keys of the object that is next; the value of each is taken in between."""
        self._open("{")
        seen: set[str] = set()
        is_last = self.peek() == "}"
        while not is_last:
            if self.peek() not in ('"', ""):
                self.refuse("is no JSON: here is the place of a key in quotes")
            piece = self.piece(_LONGEST_KEY)
            if not piece.is_whole:
                self.refuse(f"has a key of more than {_LONGEST_KEY:,} characters")
            key = self.load(piece)
            if key in seen:
                self.refuse(f"cannot be read: the key {start_of(key)!r} is in one object twice")
            seen.add(key)
            if len(seen) > _MOST_KEYS:
                self.refuse(f"has an object of more than {_MOST_KEYS:,} keys")
            self._take(":")
            yield key
            is_last = self._parts_at("}")
        self._close("}")

    def elements(self) -> Iterator[int]:
        """Yields the numbers, from 1, of the values of the list that is next; each is taken."""
        self._open("[")
        number, is_last = 0, self.peek() == "]"
        while not is_last:
            number += 1
            yield number
            is_last = self._parts_at("]")
        self._close("]")

    def load(self, piece: Piece) -> Any:
        """Returns what a whole value stands for.

        Args:
            piece: Of this file.
        """
        try:
            return json.loads(piece.text, object_pairs_hook=_with_each_key_once)
        except json.JSONDecodeError as error:
            lines, column = error.lineno - 1, error.colno
            column = column if lines else piece.column + column - 1
            self._refuse_at(piece.line + lines, column, f"is no JSON: {error.msg}")
        except ValueError as error:
            self._refuse_at(piece.line, piece.column, f"cannot be read: {error}")

    def refuse(self, why: str) -> NoReturn:
        """Raises the error of a file that cannot be read on.

        Args:
            why: What is wrong with it, behind the place.
        """
        self._refuse_at(*self._place(), why)

    def _refuse_at(self, line: int, column: int, why: str) -> NoReturn:
        raise RunError(f"{self._file.path}: line {line}, column {column}: {why}")

    def _refuse_end(self) -> NoReturn:
        self.refuse("is no JSON: it ends too early; is the file whole?")

    def _place(self) -> tuple[int, int]:
        lines = self._text.count("\n", 0, self._at)
        column = self._at - self._text.rfind("\n", 0, self._at) if lines else 0
        return self._line + lines, column or self._column + self._at + 1

    def _read_on(self) -> bool:
        """Goes to the next part of the text; False at the end."""
        self._at = len(self._text)
        line, column = self._place()
        self._line, self._column, self._text, self._at = line, column - 1, "", 0
        while not self._text:
            read = self._stream.read(_CHUNK)
            self._text = self._decoder.decode(read, final=not read)
            if not read:
                break
        return bool(self._text)

    def _open(self, bracket: str) -> None:
        self._take(bracket)
        self._go_deeper(1)

    def _close(self, bracket: str) -> None:
        self._take(bracket)
        self._depth -= 1

    def _go_deeper(self, by: int) -> None:
        self._depth += by
        if self._depth > _DEEPEST:
            self.refuse(f"has values within more than {_DEEPEST} others")

    def _take(self, character: str) -> None:
        if self.peek() != character:
            self._refuse_missing(character)
        self._at += 1

    def _parts_at(self, closing: str) -> bool:
        """Whether a value was the last one; takes the comma where it was not."""
        found = self.peek()
        if found not in (",", closing):
            self._refuse_missing(f",' or '{closing}")
        self._at += found == ","
        return found == closing

    def _refuse_missing(self, what: str) -> NoReturn:
        if not self.peek():
            self._refuse_end()
        self.refuse(f"is no JSON: here is the place of '{what}'")

    def _parts(self, first: str) -> Iterator[str]:
        """The text of a value, part by part; the place is behind it afterwards."""
        if first not in '"{[':
            yield from self._scalar()
            return
        depth = self._depth
        in_string = is_escaped = False
        while True:
            text, start = self._text, self._at
            at, is_done = start, False
            while at < len(text) and not is_done:
                if is_escaped:
                    at, is_escaped = at + 1, False
                    continue
                match = (_END_OF_STRING if in_string else _BRACKET_OR_STRING).search(text, at)
                if not match:
                    at = len(text)
                    break
                at, found = match.end(), match[0]
                if in_string:
                    is_escaped = found == "\\"
                    in_string = is_escaped
                elif found == '"':
                    in_string = True
                elif found in "{[":
                    self._at = at
                    self._go_deeper(1)
                elif found in "}]":
                    self._depth -= 1
                is_done = not in_string and self._depth == depth
            self._at = at
            yield text[start:at]
            if is_done:
                return
            if not self._read_on():
                self._refuse_end()

    def _scalar(self) -> Iterator[str]:
        """A number or a word; what is none of them ends at once."""
        if _END_OF_SCALAR.match(self._text, self._at):
            self.refuse("is no JSON: here is the place of a value")
        while True:
            match = _END_OF_SCALAR.search(self._text, self._at)
            start, self._at = self._at, match.start() if match else len(self._text)
            yield self._text[start : self._at]
            if match or not self._read_on():
                return


def _with_each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in found if keys.count(key) > 1)
        raise ValueError(f"the key {start_of(twice)!r} is in one object twice")
    return found
