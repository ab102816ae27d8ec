"""Measures how the cost of `review-example-gen` grows with the number of rows.

    python benchmarks/ingest.py womens_clothing_reviews.csv

repeats the rows of the Women's E-Commerce Clothing Reviews with perturbed texts to 5,000,
50,000 and 500,000 rows, runs the node on each file in a process of its own, and prints a
table. Seconds are those of the node, without the imports, by the clock and of the processor;
memory is the peak of the process, and what of it came on top of the imports. Appends the
figures to `results/ingest.json`.
"""

from __future__ import annotations

import argparse
import csv
import dataclasses
import itertools
import json
import os
import resource
import subprocess
import sys
import tempfile
import time

from record import append_record
from reviews import RECIPE

from reviewlens.components.review_example_gen.settings import DataSettings, to_json

SIZES = (5_000, 50_000, 500_000)
BEAM_ARGS = ("--runner=FnApiRunner", "--sdk_container_image=unused")


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("csv", help="path of womens_clothing_reviews.csv")
    parser.add_argument("--rows", type=int, nargs="+", default=SIZES)
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        settings = dataclasses.replace(RECIPE.data, input=arguments.csv)
        print(json.dumps(measure(settings, RECIPE.task)))
        return
    columns = ("rows", "file, MB", "seconds", "CPU seconds", "rows/s", "CPU µs/row")
    columns += ("peak RSS, MB", "above imports, MB")
    print(f"| {' | '.join(columns)} |")
    print("|---:" * len(columns) + "|")
    sizes = []
    for rows in arguments.rows:
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "reviews.csv")
            repeat(arguments.csv, path, rows)
            megabytes = os.path.getsize(path) / 1e6
            command = [sys.executable, __file__, path, "--measure"]
            child = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        found = json.loads(child.stdout.splitlines()[-1])
        assert found["read"] == rows, found
        sizes.append({**found, "file_mb": megabytes})
        print(
            f"| {rows:,} | {megabytes:,.1f} | {found['seconds']:.1f} | {found['cpu']:.1f} "
            f"| {rows / found['seconds']:,.0f} | {1e6 * found['cpu'] / rows:.0f} "
            f"| {found['peak']:,.0f} "
            f"| {found['peak'] - found['imports']:,.0f} |",
            flush=True,
        )
    append_record("ingest", {"sizes": sizes})


def repeat(source: str, target: str, rows: int) -> None:
    """Writes `rows` rows: those of the source again and again, each time with another ending."""
    with open(source, newline="") as read, open(target, "w", newline="") as write:
        header, *originals = csv.reader(read)
        column = header.index("Review Text")
        writer = csv.writer(write)
        writer.writerow(header)
        for number, row in enumerate(itertools.islice(itertools.cycle(originals), rows)):
            row = list(row)
            if row[column]:
                row[column] += f" bought it {number // len(originals) + 1} times."
            writer.writerow(row)


def measure(settings: DataSettings, task: str) -> dict[str, float]:
    """Runs the node on a file; gives seconds, rows, and megabytes before and at the peak."""
    from tfx.types import standard_artifacts

    from reviewlens.components.review_example_gen.artifacts import RejectedRows
    from reviewlens.components.review_example_gen.executor import Executor

    sys.argv = sys.argv[:1]
    with tempfile.TemporaryDirectory() as folder:
        examples, rejected = standard_artifacts.Examples(), RejectedRows()
        examples.uri, rejected.uri = f"{folder}/examples", f"{folder}/rejected"
        executor = Executor(Executor.Context(beam_pipeline_args=list(BEAM_ARGS)))
        imports = _peak_megabytes()
        started, cpu_started = time.perf_counter(), time.process_time()
        executor.Do(
            {},
            {"examples": [examples], "rejected": [rejected]},
            {"task": task, "input": settings.input, "settings": to_json(settings)},
        )
        seconds, cpu = time.perf_counter() - started, time.process_time() - cpu_started
    return {
        "seconds": seconds,
        "cpu": cpu,
        "read": examples.get_int_custom_property("read"),
        "imports": imports,
        "peak": _peak_megabytes(),
    }


def _peak_megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
