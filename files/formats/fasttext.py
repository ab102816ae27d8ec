"""Reading and writing fastText's files of labelled lines, which BlazingText takes as well.

    __label__positive fits well , and looks great
    the label may stand anywhere __label__negative

See https://fasttext.cc/docs/en/supervised-tutorial.html. Words are what stands between spaces;
those that begin with `__label__` name classes, and the others are the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from ...errors import RunError
from ..input_file import InputFile
from ..lines import numbered_lines
from ..records import MALFORMED, Record, check_columns, is_utf8, undecodable
from .registry import Format, register

SEVERAL_LABELS = "several-labels"
NO_LABEL = "no-label"

_PREFIX = "__label__"
_LABEL, _TEXT = "label", "text"
# What fastText splits at; a space of another kind, such as U+00A0, is part of a word to it.
_SPACES = re.compile(r"[ \n\r\t\v\f\0]+")


def read_fasttext(file: InputFile, columns: Mapping[str, str], others: bool) -> Iterator[Record]:
    """Streams the lines of a file.

    Args:
        file: In UTF-8.
        columns: Columns that must be there -> the setting that names them. A line has `label`
            and `text`; only where `label` is asked for, it must have exactly one label.
        others: Makes no difference.

    Yields:
        Each line that is not blank, its words with one space between them.

    Raises:
        RunError: See `reading.read_records`.
    """
    check_columns(file, (_LABEL, _TEXT), columns)
    for number, line in numbered_lines(file):
        text = line.decode("utf-8", "surrogateescape")
        if not is_utf8(text):
            yield undecodable(file, number, text)
            continue
        words = [word for word in _SPACES.split(text) if word]
        if words:
            yield _record(number, text, words, _LABEL in columns)


def _record(number: int, line: str, words: list[str], labelled: bool) -> Record:
    labels = [word for word in words if word.startswith(_PREFIX)]
    if labelled and _PREFIX in labels:
        return Record(number, line, MALFORMED, f"{_PREFIX} without a name behind it")
    if labelled and not labels:
        return Record(number, line, NO_LABEL, f"no word begins with {_PREFIX}")
    if labelled and len(labels) > 1:
        named = ", ".join(labels)
        return Record(number, line, SEVERAL_LABELS, f"{named}: a text is of one class here")
    text = " ".join([word for word in words if not word.startswith(_PREFIX)])
    return Record(
        number, {_LABEL: " ".join([name.removeprefix(_PREFIX) for name in labels]), _TEXT: text}
    )


def fasttext_line(label: str, text: str) -> str:
    """Writes what `read_fasttext` reads.

    Args:
        label: Name of the class.
        text: Line ends in it become spaces.

    Returns:
        A line without its end.

    Raises:
        RunError: The label has a space or is empty, or a word of the text would be read as a
            label.

    Example:
        >>> fasttext_line("positive", "Fits well.")
        '__label__positive Fits well.'
    """
    if not label or _SPACES.search(label):
        raise RunError(f"{label!r} cannot be a label of fastText, whose words have no space")
    words = [word for word in _SPACES.split(text) if word]
    for word in words:
        if word.startswith(_PREFIX):
            raise RunError(f"{word!r} in the text would be a label of fastText")
    return " ".join([_PREFIX + label, *words])


# Such files mostly end in .txt, which says nothing of what is in them: `data.format` does.
register(Format("fasttext", "fastText's labelled lines", (".fasttext",), read_fasttext))
