"""How `tasks.py` measures systems that find entities."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import entity_judging
from entity_files import FILES, EntityFile, Row, Span, tags_of, words_of
from entity_judging import judge_entities
from judging import Figures
from seqeval.metrics.sequence_labeling import get_entities

__all__ = ["FILES"]

TASK = "token-classification"
PEER = "run_ner"
PEER_SCRIPT = "ner_transformers.py"
METRICS = {name: "F1" if name == "f1" else name for name in entity_judging.METRICS}
COLUMNS = ("entities", "labels", "ends inside a word")
# Rows say themselves all that a system learns from.
FEATURE = None


def data_settings(file: EntityFile) -> dict[str, Any]:
    """The section `data` of a configuration, less what is of all files."""
    return {
        "text": ["text"],
        "entities": "entities",
        "classes": dict.fromkeys(file.labels),
    }


def cells(row: Row) -> dict[str, Any]:
    """A row as the pipeline reads it."""
    return {"text": row.text, "entities": [span._asdict() for span in row.spans]}


def with_feature(row: Row, _: None) -> Row:
    """A row with what the pipeline has made of it."""
    return row


def counted(file: EntityFile, rows: Sequence[Row]) -> tuple[int, ...]:
    """What is in the rows of all splits, by column."""
    entities = sum(len(row.spans) for row in rows)
    return entities, len(file.labels), sum(_cut_words(row, file.words) for row in rows)


def asked(rows: Sequence[Row]) -> list[str]:
    """What the pushed model is asked."""
    return [row.text for row in rows]


def given(file: EntityFile, splits: Mapping[str, Sequence[Row]]) -> dict[str, Any]:
    """What the peer gets: words and their tags."""
    tags = sorted({"O", *(f"{part}-{label}" for label in file.labels for part in "BI")})
    words = {
        split: [_words_and_tags(row, words_of(row.text, file.words)) for row in rows]
        for split, rows in splits.items()
    }
    return {"tags": tags, **words}


def peer_task(file: EntityFile) -> dict[str, Any]:
    """What the peer is asked to do."""
    return {"task": "tag"}


def of_peer(file: EntityFile, rows: Sequence[Row], found: dict[str, Any]) -> list[list[Span]]:
    """The entities that the peer's tags stand for, which are taken out of what it says."""
    entities = []
    for row, tags in zip(rows, found.pop("tags"), strict=True):
        places = words_of(row.text, file.words)
        of_row = get_entities(tags)
        entities.append([Span(places[a][0], places[b][1], label) for label, a, b in of_row])
    return entities


def read(answers: list[list[list]]) -> list[list[Span]]:
    """Answers that were kept as JSON."""
    return [[Span(*span) for span in found] for found in answers]


def judge(
    rows: Sequence[Row], systems: Mapping[str, Sequence[Sequence[Sequence[Span]]]]
) -> dict[str, dict[str, Figures]]:
    """For each system and metric its figures."""
    return judge_entities([row.text for row in rows], [row.spans for row in rows], dict(systems))


def _words_and_tags(row: Row, places: list[tuple[int, int]]) -> dict[str, list[str]]:
    words = [row.text[start:end] for start, end in places]
    return {"words": words, "tags": tags_of(row.spans, places)}


def _cut_words(row: Row, pattern: re.Pattern[str]) -> int:
    """How many entities a tag for each word cannot say."""
    words = words_of(row.text, pattern)
    starts, ends = ({word[side] for word in words} for side in (0, 1))
    return sum(span.start not in starts or span.end not in ends for span in row.spans)
