"""Reading the XML of SemEval's tasks on aspects: sentences, and what is thought of what in them.

    <sentences><sentence id="7"><text>The food is great.</text><aspectTerms>
        <aspectTerm term="food" polarity="positive" from="4" to="8"/>
    </aspectTerms></sentence></sentences>

is of 2014 (https://aclanthology.org/S14-2004); 2015 and 2016 (https://aclanthology.org/S16-1002)
have `Opinions` with `Opinion target="food" …` instead, and sentences in reviews.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from xml.parsers import expat

from ...errors import RunError
from ..compression import open_file
from ..input_file import InputFile
from ..records import LONGEST_SENTENCE, TOO_LONG, Record, check_columns, start_of
from .registry import Format, register

_COLUMNS = _ID, _REVIEW, _TEXT, _ENTITIES = "id", "review", "text", "entities"
# Element of an aspect -> its attribute with the words of the text.
_ASPECTS = {"aspectTerm": "term", "Opinion": "target"}
# An opinion on what no word of the sentence names.
_NO_WORDS = "NULL"
# What 2014 calls the polarity of words that are praised and blamed at once.
_CONFLICT = "conflict"

_CHUNK = 1 << 18
# expat keeps every name that it has met and every element that is open.
_MOST_NAMES = 1000
_DEEPEST = 100


def read_semeval(file: InputFile, columns: Mapping[str, str], others: bool) -> Iterator[Record]:
    """Streams the sentences of a file.

    Args:
        file: In the encoding that it declares; without a DTD, so that nothing stands for
            anything else.
        columns: Columns that must be there -> the setting that names them. A sentence has `id`
            and `review`, the identifier of what it is part of, both "" where there is none;
            `text`; and `entities`, JSON of a list of `{"start", "end", "label", "text"}` in
            characters of the text, with the polarity as label. Opinions on one and the same
            words are one entity, of the label `conflict` where they differ.
        others: Makes no difference.

    Yields:
        Each sentence; its row is its number in the file.

    Raises:
        RunError: The file is no XML, has a DTD, has no sentence, or has what no such file has:
            a tag of more than 1 MiB, a thousand names, or elements within a hundred others; see
            also `reading.read_records`.
    """
    check_columns(file, _COLUMNS, columns)
    sentences = _Sentences(file)
    with open_file(file) as stream:
        while chunk := stream.read(_CHUNK):
            yield from sentences.read(chunk)
        yield from sentences.read(b"", is_last=True)


class _Sentences:
    """Takes the bytes of a file, and gives the sentences that they complete."""

    def __init__(self, file: InputFile):
        self._path = file.path
        self._names: dict[str, str] = {}
        self._parser = expat.ParserCreate(intern=self._names)
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters
        self._parser.StartDoctypeDeclHandler = self._refuse_dtd
        self._parser.CommentHandler = self._parser.ProcessingInstructionHandler = self._pass_over
        self._done: list[Record] = []
        self._count = 0
        self._unmoved = self._depth = 0
        self._review = ""
        # Of the sentence that is being read.
        self._began: int | None = None
        self._id = ""
        self._is_text = False
        self._text: list[str] = []
        self._aspects: dict[tuple, dict[str, int | str | None]] = {}
        self._is_whole = True

    def read(self, chunk: bytes, is_last: bool = False) -> list[Record]:
        self._unmoved += len(chunk)
        try:
            self._parser.Parse(chunk, is_last)
        except expat.ExpatError as error:
            raise RunError(f"{self._path}: is no XML: {error}") from None
        except (LookupError, ValueError) as error:
            # Of Python, where expat asks it about an encoding.
            detail = start_of(str(error))
            raise RunError(
                f"{self._path}: cannot be decoded ({detail}); save it as UTF-8"
            ) from None
        if self._unmoved > LONGEST_SENTENCE:
            raise self._refusal(f"has a tag or comment of more than {LONGEST_SENTENCE:,} bytes")
        if len(self._names) > _MOST_NAMES:
            raise self._refusal(f"has elements and attributes of more than {_MOST_NAMES:,} names")
        if is_last and not self._count:
            raise RunError(f"{self._path}: has no element <sentence>, as SemEval's files have it")
        done, self._done = self._done, []
        return done

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._unmoved = 0
        self._depth += 1
        if self._depth > _DEEPEST:
            raise self._refusal(f"has elements within more than {_DEEPEST} others")
        if name == "Review":
            self._review = attributes.get("rid", "")
        elif name == "sentence" and self._began is None:
            self._began = self._parser.CurrentByteIndex
            self._id = attributes.get("id", "")
            self._text, self._aspects, self._is_whole = [], {}, True
        elif self._is_wanted():
            if name == "text":
                self._is_text = True
            elif name in _ASPECTS:
                self._add_aspect(attributes, attributes.get(_ASPECTS[name]))

    def _add_aspect(self, attributes: dict[str, str], words: str | None) -> None:
        if words == _NO_WORDS:
            return
        aspect = {
            "start": _whole_number(attributes.get("from", "")),
            "end": _whole_number(attributes.get("to", "")),
            "label": attributes.get("polarity", ""),
            "text": words,
        }
        same = self._aspects.setdefault((aspect["start"], aspect["end"]), aspect)
        if same["label"] != aspect["label"]:
            same["label"] = _CONFLICT

    def _characters(self, text: str) -> None:
        self._unmoved = 0
        if self._is_text and self._is_wanted():
            self._text.append(text)

    def _is_wanted(self) -> bool:
        """Whether this place is in a sentence that is not too long."""
        if self._began is None:
            return False
        if self._parser.CurrentByteIndex - self._began > LONGEST_SENTENCE:
            self._is_whole = False
        return self._is_whole

    def _end(self, name: str) -> None:
        self._unmoved = 0
        self._depth -= 1
        if name == "text":
            self._is_text = False
        elif name == "Review":
            self._review = ""
        elif name == "sentence" and self._began is not None:
            self._count += 1
            self._done.append(self._record(self._is_wanted()))
            self._began = None

    def _record(self, is_whole: bool) -> Record:
        text = "".join(self._text)
        if not is_whole:
            detail = f"a sentence of more than {LONGEST_SENTENCE:,} bytes"
            return Record(self._count, start_of(text), TOO_LONG, detail)
        values = (
            self._id,
            self._review,
            text,
            json.dumps([*self._aspects.values()], ensure_ascii=False),
        )
        return Record(self._count, dict(zip(_COLUMNS, values, strict=True)))

    def _pass_over(self, *comment: str) -> None:
        self._unmoved = 0

    def _refuse_dtd(self, *declared: object) -> None:
        raise self._refusal("has a DTD, which is not read; take it out")

    def _refusal(self, why: str) -> RunError:
        return RunError(f"{self._path}: line {self._parser.CurrentLineNumber}: {why}")


def _whole_number(text: str) -> int | str:
    """The number that an attribute says, or the text that is none."""
    return int(text) if len(text) < 10 and text.isdecimal() else text


register(
    Format(
        *("semeval", "SemEval's XML of aspects", (".xml",), read_semeval),
        is_text=False,
        in_folders=False,
        holds="entities",
    )
)
