"""Measures what `review-example-gen` costs by the format of a file of entities.

    python benchmarks/ingest_entities.py

writes the same invented sentences as JSON Lines, CoNLL's columns and SemEval's XML, runs the node
on each, and prints a table. Seconds are those of the processor, without the imports. Appends the
figures to `results/ingest_entities.json`.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import tempfile
from collections.abc import Iterator
from typing import NamedTuple
from xml.sax.saxutils import quoteattr

from ingest import measure
from record import append_record
from tables import print_table

from reviewlens.components.review_example_gen.settings import DataSettings

LABELS = ("positive", "negative", "neutral")
FILES = {"JSON Lines": "t.jsonl", "CoNLL's columns": "t.conll", "SemEval's XML": "t.xml"}


class Sentence(NamedTuple):
    """Words, and for each the label of the entity that it is of, or ""."""

    words: list[str]
    labels: list[str]


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("csv", nargs="?", help="not needed, as the sentences are invented")
    parser.add_argument("--rows", type=int, default=100_000)
    count = parser.parse_args().rows
    rows = []
    figures = {}
    with tempfile.TemporaryDirectory() as folder:
        # The first run of Beam in a process takes longer.
        _ingest(os.path.join(folder, "first.jsonl"), 100)
        for title, name in FILES.items():
            path = os.path.join(folder, name)
            cpu = _ingest(path, count)
            megabytes = os.path.getsize(path) / 1e6
            figures[title] = {"cpu": cpu, "file_mb": megabytes}
            rows.append((title, f"{megabytes:,.1f}", f"{cpu:.1f}", f"{count / cpu:,.0f}"))
    print_table(("format", "file, MB", "CPU seconds", "rows per CPU second"), rows)
    append_record("ingest_entities", {"rows": count, "formats": figures})


def _ingest(path: str, count: int) -> float:
    """Writes so many sentences, and gives the seconds that the node takes for them."""
    write(path, invent(count))
    settings = DataSettings(path, ("text",), dict.fromkeys(LABELS), entities="entities")
    found = measure(settings, "token-classification")
    assert found["read"] == count, found
    return found["cpu"]


def invent(count: int) -> Iterator[Sentence]:
    """Sentences of 8 to 28 words, in which one word of ten begins an entity."""
    draw = random.Random(7)
    words = ["".join(draw.choices("etaoinshrdlu", k=draw.randint(1, 9))) for _ in range(5000)]
    for _ in range(count):
        chosen = draw.choices(words, k=draw.randint(8, 28))
        labels = [draw.choice(LABELS) if draw.random() < 0.1 else "" for _ in chosen]
        yield Sentence(chosen, labels)


def write(path: str, sentences: Iterator[Sentence]) -> None:
    """Writes sentences in the format of the path's ending."""
    ending = os.path.splitext(path)[1]
    with open(path, "w", encoding="utf-8") as file:
        if ending == ".xml":
            file.write("<sentences>\n")
        for sentence in sentences:
            file.write(_WRITTEN[ending](sentence) + "\n")
        if ending == ".xml":
            file.write("</sentences>\n")


def _spans(sentence: Sentence) -> Iterator[tuple[int, int, str]]:
    start = 0
    for word, label in zip(*sentence, strict=True):
        if label:
            yield start, start + len(word), label
        start += len(word) + 1


def _as_json(sentence: Sentence) -> str:
    entities = [{"start": a, "end": b, "label": label} for a, b, label in _spans(sentence)]
    return json.dumps({"text": " ".join(sentence.words), "entities": entities})


def _as_conll(sentence: Sentence) -> str:
    tagged = zip(*sentence, strict=True)
    return "".join(f"{word}\t{f'B-{label}' if label else 'O'}\n" for word, label in tagged)


def _as_xml(sentence: Sentence) -> str:
    text = " ".join(sentence.words)
    aspects = "".join(
        f'<aspectTerm term={quoteattr(text[a:b])} polarity="{label}" from="{a}" to="{b}"/>'
        for a, b, label in _spans(sentence)
    )
    return f"<sentence><text>{text}</text><aspectTerms>{aspects}</aspectTerms></sentence>"


_WRITTEN = {".jsonl": _as_json, ".conll": _as_conll, ".xml": _as_xml}


if __name__ == "__main__":
    main()
