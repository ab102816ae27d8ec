"""Reading CoNLL's columns: a token and its tag a line, a blank line behind each sentence.

    Empire    B-location
    State     I-location
    Building  I-location
    is        O

See https://aclanthology.org/W03-0419 for the files, and `docs/entities.md` for what becomes of
them. What stands between the first column and the last is passed over.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from ..input_file import InputFile
from ..lines import numbered_lines
from ..records import (
    LONGEST_SENTENCE,
    MALFORMED,
    TOO_LONG,
    Record,
    check_columns,
    is_utf8,
    start_of,
    undecodable,
)
from .registry import Format, register

_TEXT, _ENTITIES, _DOCUMENT = "text", "entities", "document"
_DOCUMENT_STARTS = b"-DOCSTART-"

_TAG = re.compile(r"([BIESLU])(?:-(.+))?").fullmatch
# BILOU says last and unit for what IOBES calls end and single.
_AS_IOBES = {"L": "E", "U": "S"}
# As seqeval calls it.
_NO_TYPE = "_"


class _Tag(NamedTuple):
    """What a tag says: `place` is B, I, E or S, or O of no type."""

    place: str
    type: str


_OUTSIDE = _Tag("O", "")


def read_conll(file: InputFile, columns: Mapping[str, str], others: bool) -> Iterator[Record]:
    """Streams the sentences of a file.

    The tags may be those of BIO, IOB1, IOBES or BILOU, all read by one rule, the lenient one of
    `conlleval` and of seqeval: an entity goes on with I or E of its type, unless it has ended
    with E or S; whatever else names a type begins one. A tag without a type is of the type `_`.

    Args:
        file: In UTF-8.
        columns: Columns that must be there -> the setting that names them. A sentence has
            `text`, its tokens with a space between them; `entities`, JSON of a list of
            `{"start", "end", "label"}` in characters of the text; and `document`, file and number
            of the document where lines with `-DOCSTART-` part them, else "". Only where
            `entities` is asked for, each line must have a tag; where it is not, and some line
            has none, it is "".
        others: Makes no difference.

    Yields:
        Each sentence; its row is the number of its first line.

    Raises:
        RunError: See `reading.read_records`.
    """
    check_columns(file, (_TEXT, _ENTITIES, _DOCUMENT), columns)
    document = 0
    for row, lines, is_whole in _sentences(file):
        if lines[0].startswith(_DOCUMENT_STARTS):
            document += 1
            continue
        text = b"".join(lines).decode("utf-8", "surrogateescape")
        if not is_whole:
            detail = f"a sentence of more than {LONGEST_SENTENCE:,} bytes: is a blank line missing?"
            yield Record(row, start_of(text), TOO_LONG, detail)
        elif not is_utf8(text):
            yield undecodable(file, row, text)
        else:
            named = f"{file.name}:{document}" if document else ""
            yield _record(row, text, named, _ENTITIES in columns)


def _sentences(file: InputFile) -> Iterator[tuple[int, list[bytes], bool]]:
    """Row, lines and whether these are all; the beginning of a document stands alone."""
    lines: list[bytes] = []
    row, size = 0, 0
    for number, line in numbered_lines(file):
        starts_document = line.startswith(_DOCUMENT_STARTS)
        is_blank = not line.strip()
        if lines and (starts_document or is_blank):
            yield row, lines, size <= LONGEST_SENTENCE
            lines = []
        if starts_document:
            yield number, [line], True
        elif not is_blank:
            if not lines:
                row, size = number, 0
            size += len(line)
            if not lines or size <= LONGEST_SENTENCE:
                lines.append(line)
    if lines:
        yield row, lines, size <= LONGEST_SENTENCE


def _record(row: int, text: str, document: str, is_tagged: bool) -> Record:
    tokens: list[str] = []
    tags: list[_Tag] = []
    problem = ""
    for number, line in enumerate(text.rstrip("\n").split("\n"), row):
        token, last = _first_and_last(line.rstrip(" \t\r"))
        if not token:
            return Record(row, text, MALFORMED, f"line {number}: has no token before the tab")
        tag = _read_tag(last)
        if tag is None:
            problem = problem or f"line {number}: {_why_no_tag(token, last)}"
        tokens.append(token)
        tags.append(tag or _OUTSIDE)
    if problem and is_tagged:
        return Record(row, text, MALFORMED, problem)
    entities = "" if problem else json.dumps(_entities(tokens, tags), ensure_ascii=False)
    return Record(row, {_TEXT: " ".join(tokens), _ENTITIES: entities, _DOCUMENT: document})


def _first_and_last(line: str) -> tuple[str, str]:
    """The token and the tag, "" where there is none; between tabs a token may have spaces."""
    gap = "\t" if "\t" in line else " "
    token, _, rest = line.lstrip(" ").partition(gap)
    return token.rstrip(" "), rest.rpartition(gap)[2].lstrip(" ")


def _read_tag(tag: str) -> _Tag | None:
    if tag == "O":
        return _OUTSIDE
    match = _TAG(tag)
    if not match:
        return None
    return _Tag(_AS_IOBES.get(match[1], match[1]), match[2] or _NO_TYPE)


def _why_no_tag(token: str, last: str) -> str:
    if not last:
        return f"{start_of(token)!r} has no tag behind it"
    return f"{start_of(last)!r} is no tag, such as O, B-TYPE or I-TYPE"


def _entities(tokens: list[str], tags: list[_Tag]) -> list[dict[str, int | str]]:
    entities: list[dict[str, int | str]] = []
    before, start = _OUTSIDE, 0
    for token, tag in zip(tokens, tags, strict=True):
        end = start + len(token)
        if tag.place in "IE" and before.place in "BI" and tag.type == before.type:
            entities[-1]["end"] = end
        elif tag is not _OUTSIDE:
            entities.append({"start": start, "end": end, "label": tag.type})
        before, start = tag, end + 1
    return entities


_ENDINGS = (".conll", ".iob", ".bio", ".iobes")
register(Format("conll", "CoNLL's columns", _ENDINGS, read_conll, holds="entities"))
