"""Measures how long the report of a run takes, and how large it is, as its rows grow.

    python benchmarks/report.py womens_clothing_reviews.csv

repeats the texts of the Women's E-Commerce Clothing Reviews to 10,000, 100,000 and 1,000,000 rows,
writes them as a run leaves them (Examples in three splits, and the answers of two models to as many
texts of eval and test, drawn at random), has the report made of them, each in a process of its
own, and prints a table. Seconds are those of `write_report`, with the imports of what it needs;
memory is the peak of the process. Appends the figures to `results/report.json`.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import os
import resource
import struct
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from record import append_record
from tables import print_table

from reviewlens.components.review_example_gen.example_encoding import ExampleEncoder
from reviewlens.components.review_example_gen.reviews import Review, Targets

ROWS = (10_000, 100_000, 1_000_000)
LABELS = ("negative", "neutral", "positive")
MODELS = ("candidate", "ngrams")
SHARES = {"train": 0.8, "eval": 0.1, "test": 0.1}
COLUMNS = ("rows", "seconds", "page, MB", "peak RSS, MB")
_GROUP = 50_000


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("csv", help="path of womens_clothing_reviews.csv")
    parser.add_argument("--rows", type=int, nargs="+", default=ROWS)
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        print(json.dumps(measured(Path(arguments.csv))))
        return
    sizes: list[dict[str, Any]] = []
    print_table(COLUMNS, map(cells, measured_at(arguments.csv, arguments.rows, sizes)))
    append_record("report", {"sizes": sizes})


def measured_at(source: str, rows: list[int], sizes: list[dict[str, Any]]) -> Iterator[dict]:
    """What was measured of each number of rows; it is kept in `sizes`, too."""
    with open(source, newline="") as file:
        texts = [row["Review Text"] for row in csv.DictReader(file) if row["Review Text"]]
    for count in rows:
        with tempfile.TemporaryDirectory() as folder:
            leave(Path(folder), texts, count)
            command = [sys.executable, __file__, folder, "--measure"]
            child = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
            sizes.append({"rows": count, **json.loads(child.stdout.splitlines()[-1])})
            yield sizes[-1]


def cells(size: dict[str, Any]) -> Iterator[str]:
    """A row of the table."""
    yield f"{size['rows']:,}"
    yield f"{size['seconds']:.1f}"
    yield f"{size['page'] / 1e6:.2f}"
    yield f"{size['peak']:,.0f}"


def leave(folder: Path, texts: list[str], count: int) -> None:
    """Writes what a run of so many rows leaves."""
    draw = np.random.default_rng(1)
    start = 0
    for split, share in SHARES.items():
        leave_examples(folder / "examples" / f"Split-{split}", texts, start, int(count * share))
        start += int(count * share)
    leave_predictions(folder / "evaluation", texts, count, draw)
    splits = {split: int(count * share) for split, share in SHARES.items()}
    figures = {"accuracy": 0.8, "macro_f1": 0.7, "ece": 0.03, "log_loss": 0.5, "slices": {}}
    classes = {name: {"precision": 0.7, "recall": 0.7, "f1": 0.7} for name in LABELS}
    summary: dict[str, Any] = {
        "data": {"read": count, "kept": count, "duplicates": 0, "rejected": 0, "splits": splits},
        "metrics": {"test": {**figures, "per_class": classes}, "baseline": None},
        "training": None,
        "timings": {"evaluator": 1.0},
        "blessed": True,
        "refused_because": [],
        "pushed_to": None,
    }
    summary["data"]["rejected_because"] = {}
    (folder / "summary.json").write_text(json.dumps(summary))


def text_of(texts: list[str], row: int) -> str:
    """One of the texts, which is another one each time that it comes again."""
    return f"{texts[row % len(texts)]} I have bought it {row // len(texts)} times."


def leave_examples(folder: Path, texts: list[str], start: int, count: int) -> None:
    """Writes a split."""
    encoder = ExampleEncoder(["department"], ["label"])
    folder.mkdir(parents=True)
    with gzip.open(folder / "data-00000-of-00001.gz", "wb", compresslevel=1) as file:
        for row in range(start, start + count):
            text, shop = text_of(texts, row), f"department {row % 6}"
            review = Review(text, Targets({"label": row % 3}), str(row), "", (shop,))
            record = encoder.encode(review)
            file.write(struct.pack("<QI", len(record), 0) + record)
            file.write(struct.pack("<I", zlib.crc32(record)))


def leave_predictions(
    folder: Path, texts: list[str], count: int, draw: np.random.Generator
) -> None:
    """Writes `predictions.parquet`, half of it of eval and half of test."""
    folder.mkdir()
    writer = None
    for start in range(0, count, _GROUP):
        rows = np.arange(start, min(start + _GROUP, count))
        label = draw.integers(0, len(LABELS), len(rows))
        columns: dict[str, Any] = {
            "id": pa.array([f"{row:09d}".encode() for row in rows], pa.binary()),
            "split": ["eval" if row < count // 2 else "test" for row in rows],
            "text": [text_of(texts, row) for row in rows],
            "label": label,
            "slice_department": [f"department {row % 6}" for row in rows],
        }
        for model in MODELS:
            logits = draw.normal(size=(len(rows), len(LABELS))) + 2 * np.eye(len(LABELS))[label]
            of_all = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
            columns[f"{model}_decided"] = of_all.argmax(axis=1)
            columns[f"{model}_probabilities"] = pa.array(
                list(of_all.astype(np.float32)), pa.list_(pa.float32())
            )
        table = pa.table(columns).replace_schema_metadata({"labels": json.dumps(LABELS)})
        writer = writer or pq.ParquetWriter(folder / "predictions.parquet", table.schema)
        writer.write_table(table)
    if writer:
        writer.close()


def measured(folder: Path) -> dict[str, float]:
    """Makes the report of what lies in a folder."""
    began = time.perf_counter()
    from reviewlens.pipeline.report.html.facts import RunFacts
    from reviewlens.pipeline.report.html.page import write_report

    folders = {
        "review-example-gen": {"examples": str(folder / "examples")},
        "evaluator": {"evaluation": str(folder / "evaluation")},
    }
    summary = json.loads((folder / "summary.json").read_text())
    page = folder / "report.html"
    write_report(RunFacts(str(folder), summary, folders), str(page))
    if "could not be made" in page.read_text(encoding="utf-8"):
        raise AssertionError("a section has failed")
    return {
        "seconds": time.perf_counter() - began,
        "page": os.path.getsize(page),
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


if __name__ == "__main__":
    main()
