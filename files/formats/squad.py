"""Reading the JSON of SQuAD: articles with paragraphs, and questions about each of these.

    {"data": [{"title": "Normandy", "paragraphs": [{"context": "Normandy is in France.", "qas": [
        {"id": "1", "question": "Where is it?", "answers": [{"text": "France", "answer_start": 15}]}
    ]}]}]}

is of version 1.1 (https://aclanthology.org/D16-1264); 2.0 (https://aclanthology.org/P18-2124) has
questions without an answer as well, with `is_impossible`. Where the list `data` has questions
instead of articles, each with its `context`, they are read as well.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator, Mapping
from typing import Any

from ...errors import RunError
from ..compression import open_file
from ..input_file import InputFile
from ..json_pieces import JsonPieces, Piece
from ..records import (
    LONGEST_LINE,
    MALFORMED,
    UNDECODABLE,
    Record,
    cell_text,
    check_columns,
    is_utf8,
    start_of,
)
from .registry import Format, register

_ID, _TITLE, _QUESTION, _CONTEXT, _ANSWERS = "id", "title", "question", "context", "answers"
_COLUMNS = (_ID, _TITLE, _QUESTION, _CONTEXT, _ANSWERS)
_IS_IMPOSSIBLE = "is_impossible"
_OF_QUESTION = (*_COLUMNS, _IS_IMPOSSIBLE)
_PARAGRAPHS, _QUESTIONS = "paragraphs", "qas"


def read_squad(file: InputFile, columns: Mapping[str, str], others: bool) -> Iterator[Record]:
    """Streams the questions of a file.

    Args:
        file: In UTF-8, with or without a byte order mark.
        columns: Columns that must be there -> the setting that names them. A question has `id`;
            `title`, that of its article; `question`; `context`, the text of its paragraph; and
            `answers`, JSON of a list of `{"text", "answer_start"}` as it stands there, `[]` where
            `is_impossible` is true. Only where `answers` is asked for, each question must have
            it; else it is "" of one that has none.
        others: Whether a title is wanted that no column asks for: as it may stand behind the
            paragraphs, the file is read twice at once for it.

    Yields:
        Each question; its row is its number in the file.

    Raises:
        RunError: The file is no JSON, or of another layout; see also `JsonPieces` and
            `reading.read_records`.
    """
    check_columns(file, _COLUMNS, columns)
    titles = _titles(file) if others or _TITLE in columns else itertools.repeat("")
    with open_file(file) as stream:
        pieces = JsonPieces(file, stream)
        questions = _Questions(pieces, _ANSWERS in columns)
        for _ in _articles(file, pieces):
            yield from questions.of_article(next(titles, ""))


def _titles(file: InputFile) -> Iterator[str]:
    """Of each article its title, "" where there is none."""
    with open_file(file) as stream:
        pieces = JsonPieces(file, stream)
        for _ in _articles(file, pieces):
            title = ""
            if pieces.peek() == "{":
                for key in pieces.members():
                    piece = pieces.piece(LONGEST_LINE if key == _TITLE else 0)
                    if key == _TITLE:
                        with contextlib.suppress(ValueError):
                            title = cell_text(pieces.load(piece))
            else:
                pieces.piece(0)
            yield title


def _articles(file: InputFile, pieces: JsonPieces) -> Iterator[int]:
    """Goes from article to article; each is taken in between."""
    first = pieces.peek()
    if first != "{":
        is_what = {
            "": "is empty",
            "[": "is a JSON array; set data.format: json",
        }
        raise RunError(f"{file.path}: {is_what.get(first, 'is no JSON, as SQuAD has it')}")
    has_data = False
    for key in pieces.members():
        if key != "data":
            pieces.piece(0)
        elif pieces.peek() == "[":
            has_data = True
            yield from pieces.elements()
        else:
            pieces.refuse("its data is no list of articles, as SQuAD has it")
    goes_on = pieces.peek()
    if not has_data:
        otherwise = "; it is one object a line, so set data.format: jsonl" if goes_on == "{" else ""
        raise RunError(f"{file.path}: has no list data of articles, as SQuAD has it{otherwise}")
    if goes_on:
        pieces.refuse("is no JSON: it goes on behind its end")


class _Questions:
    """Makes the rows of a file: each question is one, and so is what may hide some."""

    def __init__(self, pieces: JsonPieces, must_have_answers: bool):
        self._pieces = pieces
        self._must_have_answers = must_have_answers
        self._count = 0

    def of_article(self, title: str) -> Iterator[Record]:
        """The rows of the article that is next."""
        pieces = self._pieces
        if pieces.peek() != "{":
            piece = pieces.piece()
            yield self._of_other(piece, "an article", piece.detail or "that is no object")
            return
        has_paragraphs, left = False, LONGEST_LINE
        found: dict[str, Piece] = {}
        for key in pieces.members():
            if key == _PARAGRAPHS and pieces.peek() == "[":
                has_paragraphs = True
                for _ in pieces.elements():
                    yield from self._of_paragraph(pieces.piece(), title)
            elif key in _OF_QUESTION:
                found[key] = pieces.piece(left)
                left -= len(found[key].text)
            else:
                pieces.piece(0)
        if not has_paragraphs:
            yield self._of_flat(found, title)

    def _of_flat(self, found: Mapping[str, Piece], title: str) -> Record:
        """A question that stands in place of an article."""
        if _QUESTION not in found:
            return self._row("", MALFORMED, f"an article without the list {_PARAGRAPHS}")
        question = {}
        for key, piece in found.items():
            try:
                question[key] = self._pieces.load(piece)
            except ValueError as error:
                return self._of_other(piece, f"a question with {key}", str(error))
        return self._of_question(question, question.get(_CONTEXT), title)

    def _of_paragraph(self, piece: Piece, title: str) -> Iterator[Record]:
        try:
            paragraph = self._pieces.load(piece)
            questions = paragraph.get(_QUESTIONS) if isinstance(paragraph, dict) else None
            if not isinstance(questions, list):
                raise ValueError(f"without the list {_QUESTIONS}")
        except ValueError as error:
            yield self._of_other(piece, "a paragraph", str(error))
            return
        for question in questions:
            yield self._of_question(question, paragraph.get(_CONTEXT), title)

    def _of_question(self, question: Any, context: Any, title: str) -> Record:
        if not isinstance(question, dict):
            return self._row(cell_text(question), MALFORMED, "a question is no object")
        asked, answers = question.get(_QUESTION), question.get(_ANSWERS)
        is_impossible = question.get(_IS_IMPOSSIBLE)
        problem = ""
        if not isinstance(context, str):
            problem = f"the {_CONTEXT} of the question is no text"
        elif not isinstance(asked, str):
            problem = f"the {_QUESTION} is no text"
        elif is_impossible is True:
            answers = []
        elif self._must_have_answers and answers is None:
            problem = f"has no {_ANSWERS}; of a question without any they are []"
        elif self._must_have_answers and is_impossible is False and not answers:
            problem = f"has no {_ANSWERS}, and {_IS_IMPOSSIBLE} is false"
        if problem:
            return self._row(cell_text(question), MALFORMED, problem)
        cells = (cell_text(question.get(_ID)), title, asked, context, cell_text(answers))
        values = dict(zip(_COLUMNS, cells, strict=True))
        if not all(map(is_utf8, cells)):
            # As \xe9 in a string, or as an escape (\ud83d) that names half a character.
            detail = "holds bytes that are no UTF-8, or an escape that names half a character"
            return self._row(cell_text(question), UNDECODABLE, detail)
        return self._row(values)

    def _of_other(self, piece: Piece, what: str, problem: str) -> Record:
        detail = f"line {piece.line}: {what} {problem}"
        return self._row(start_of(piece.text), piece.reason or MALFORMED, detail)

    def _row(self, values: dict[str, str] | str, reason: str = "", detail: str = "") -> Record:
        self._count += 1
        if isinstance(values, str):
            values = values.encode("utf-8", "backslashreplace").decode()
        return Record(self._count, values, reason, detail)


# Such files end in .json, as other JSON does; `json_array` tells them apart.
register(Format("squad", "SQuAD's JSON", (), read_squad, holds="answers"))
