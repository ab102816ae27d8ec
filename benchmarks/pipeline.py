"""Measures the start of the program, and how the nodes before the training grow with the rows.

    python benchmarks/pipeline.py womens_clothing_reviews.csv \\
        --model runs/womens-clothing/serving/womens-clothing

times, in processes of their own, the import of the package, `reviewlens --help` and, with
`--model`, `reviewlens predict` until its first answer. Then it repeats the rows of the Women's
E-Commerce Clothing Reviews with perturbed texts to 5,000, 50,000 and 500,000 rows, runs
`reviewlens run … --to transform` on each file in a process of its own, and prints seconds per
node, microseconds per row of all of them together, and the peak memory of the process.
Appends the figures to `results/pipeline.json`.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from ingest import SIZES, repeat
from record import append_record
from reviews import CONFIG, ENCODER
from tables import print_table

PROGRAM = str(Path(sys.executable).with_name("reviewlens"))
NODES = ("review-example-gen", "statistics-gen", "schema-gen", "example-validator", "transform")


def main() -> None:
    """Measures, prints and records."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("csv", help="path of womens_clothing_reviews.csv")
    parser.add_argument("--rows", type=int, nargs="+", default=SIZES)
    parser.add_argument("--model", help="exported model that `reviewlens predict` answers with")
    parser.add_argument("--starts", type=int, default=5, help="how often a start is measured")
    arguments = parser.parse_args()
    starts = time_starts(arguments.model, arguments.starts)
    print_table(
        ("start", "seconds, median", "lowest", "highest"),
        (
            (name, *(f"{value:.2f}" for value in (statistics.median(s), min(s), max(s))))
            for name, s in starts.items()
        ),
    )
    columns = ("rows", *NODES, "all, s", "µs/row", "peak RSS, MB")
    print(f"\n| {' | '.join(columns)} |")
    print("|---:" * len(columns) + "|")
    nodes = []
    for rows in sorted(arguments.rows):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "reviews.csv")
            repeat(arguments.csv, path, rows)
            timings = run(path, os.path.join(folder, "out"))
        seconds = [timings[node] for node in NODES]
        # The peak of all children so far: the sizes grow, so it is that of the last one.
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        cells = [f"{rows:,}", *(f"{value:.1f}" for value in seconds), f"{sum(seconds):.1f}"]
        cells += [f"{1e6 * sum(seconds) / rows:,.0f}", f"{peak:,.0f}"]
        print(f"| {' | '.join(cells)} |", flush=True)
        nodes.append({"rows": rows, "timings": timings, "peak_mb": peak})
    append_record("pipeline", {"starts": starts, "nodes": nodes})


def time_starts(model: str | None, times: int) -> dict[str, list[float]]:
    """Seconds from the start of a process to its first line, with its files in the page cache."""
    commands = {
        "import reviewlens": [sys.executable, "-c", "import reviewlens; print()"],
        "reviewlens --help": [PROGRAM, "--help"],
    }
    if model is not None:
        predict = [PROGRAM, "predict", "--model", model, "Fits perfectly."]
        commands["reviewlens predict, first answer"] = predict
    for command in commands.values():
        time_first_line(command)
    starts = {name: [] for name in commands}
    for _ in range(times):
        for name, command in commands.items():
            starts[name].append(time_first_line(command))
    return starts


def time_first_line(command: list[str]) -> float:
    """Seconds until a process writes its first line; raises if it fails."""
    started = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        process.stdout.readline()
        seconds = time.perf_counter() - started
        process.stdout.read()
    if process.returncode:
        raise SystemExit(f"exit code {process.returncode}: {' '.join(command)}")
    return seconds


def run(path: str, output: str) -> dict[str, float]:
    """Runs the nodes up to `transform`; returns the seconds of each."""
    overrides = [f"data.input={path}", f"output={output}", ENCODER]
    command = [PROGRAM, "run", str(CONFIG), *overrides, "--to", NODES[-1]]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return json.loads(Path(output, "summary.json").read_text())["timings"]


if __name__ == "__main__":
    main()
