"""A file that is one piece of JSON, taken apart value by value, of which memory holds one."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from typing import Any, BinaryIO, NamedTuple, NoReturn

from ..errors import RunError
from .input_file import InputFile
from .records import LONGEST_LINE, MALFORMED, TOO_LONG, start_of, utf16

_CHUNK = 1 << 16
# Whoever nests deeper wants to fill the stack, and whoever names more keys the memory.
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
            there is a reason.
        reason: Why it cannot be used, a slug as `Record` has it, or "".
        detail: The same in words, as said of a value: "of more than 10 characters".
        line: Where it begins, from 1.
        column: Likewise, in characters.
    """

    text: str
    reason: str
    detail: str
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
            does, or an object that is walked through has a key twice or more than a thousand of
            them; with file, line and column.
    """

    def __init__(self, file: InputFile, stream: BinaryIO):
        self._file = file
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")("surrogateescape")
        self._text = ""
        self._at = 0
        # Where the text begins in the file.
        self._line, self._column = 1, 0
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
            The value, or its start where it is longer, or nests deeper than can be read.
        """
        first = self.peek()
        line, column = self._place()
        if not first:
            self._refuse_end()
        parts, size, reason, detail = [], 0, "", ""
        for part, deepest in self._parts(first):
            size += len(part)
            if size > most:
                reason, detail = TOO_LONG, f"of more than {most:,} characters"
            elif deepest > _DEEPEST:
                reason, detail = MALFORMED, f"with values within more than {_DEEPEST} others"
            parts.append(part)
            if reason:
                parts = [start_of(parts[0])]
        return Piece("".join(parts), reason, detail, line, column)

    def members(self) -> Iterator[str]:
        """Yields the keys of the object that is next; the value of each is taken in between."""
        self._take("{")
        seen: set[str] = set()
        is_last = self.peek() == "}"
        while not is_last:
            if self.peek() not in ('"', ""):
                self.refuse("is no JSON: here is the place of a key in quotes")
            piece = self.piece(_LONGEST_KEY)
            if piece.reason:
                self.refuse(f"has a key {piece.detail}")
            key = self.load(piece)
            if key in seen:
                self.refuse(f"has the key {_shown(key)} twice in one object")
            seen.add(key)
            if len(seen) > _MOST_KEYS:
                self.refuse(f"has an object of more than {_MOST_KEYS:,} keys")
            self._take(":")
            yield key
            is_last = self._parts_at("}")
        self._take("}")

    def elements(self) -> Iterator[int]:
        """Yields the numbers, from 1, of the values of the list that is next; each is taken."""
        self._take("[")
        number, is_last = 0, self.peek() == "]"
        while not is_last:
            number += 1
            yield number
            is_last = self._parts_at("]")
        self._take("]")

    def load(self, piece: Piece) -> Any:
        """Returns what a value stands for.

        Args:
            piece: Of this file.

        Raises:
            ValueError: There is a reason why it cannot be used, or a number in it is too long or
                a key in it twice; the message is said of a value, as `Piece.detail` is.
        """
        if piece.reason:
            raise ValueError(piece.detail)
        try:
            return json.loads(piece.text, object_pairs_hook=_with_each_key_once)
        except json.JSONDecodeError as error:
            lines, column = error.lineno - 1, error.colno
            column = column if lines else piece.column + column - 1
            self._refuse_at(piece.line + lines, column, f"is no JSON: {error.msg}")
        except _KeyTwiceError:
            raise
        except ValueError:
            raise ValueError("with a number of too many digits") from None

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

    def _parts(self, first: str) -> Iterator[tuple[str, int]]:
        """The text of a value, part by part, and how many brackets were open in it at most."""
        if first not in '"{[':
            yield from ((part, 0) for part in self._scalar())
            return
        depth = deepest = 0
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
                    depth += 1
                    deepest = max(deepest, depth)
                elif found in "}]":
                    depth -= 1
                is_done = not in_string and not depth
            self._at = at
            yield text[start:at], deepest
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


class _KeyTwiceError(ValueError):
    pass


def _shown(key: str) -> str:
    # Half a character, which an escape may name, can be quoted but not encoded.
    return repr(key if len(key) <= 40 else f"{key[:39]}…")


def _with_each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in found if keys.count(key) > 1)
        raise _KeyTwiceError(f"with the key {_shown(twice)} twice in one object")
    return found
