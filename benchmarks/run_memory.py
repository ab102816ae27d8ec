"""Measures how much memory a whole `reviewlens run` takes, node by node.

    python benchmarks/run_memory.py womens_clothing_reviews.csv

runs the pipeline of `configs/womens-clothing.yaml` for one epoch, on the first rows of the file
with up to 128 word pieces, and on three reviews of the file in each row with up to 256. While
it does, it looks at the process and all that it has started: at the resident memory of the
largest of them, and at the memory of all of them together, in which what several share counts
once (the sum of `Pss`). Prints a Markdown table and appends the figures to
`results/run_memory.json`. Needs Linux.
"""

from __future__ import annotations

import argparse
import csv
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

from record import append_record
from reviews import CONFIG, ENCODER
from tables import print_table

PROGRAM = str(Path(sys.executable).with_name("reviewlens"))
# The word pieces that rows are cut to, and the reviews in each.
TOGETHER = {128: 1, 256: 3}
# Seconds between two looks.
INTERVAL = 0.1


def main() -> None:
    """Measures, prints and records."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("csv", help="path of womens_clothing_reviews.csv")
    parser.add_argument("--rows", type=int, default=8000, help="reviews that are read")
    parser.add_argument("--word-pieces", nargs="+", type=int, choices=TOGETHER, default=[*TOGETHER])
    arguments = parser.parse_args()

    runs = []
    for tokens in arguments.word_pieces:
        together = TOGETHER[tokens]
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "reviews.csv")
            write_rows(arguments.csv, path, arguments.rows, together)
            peaks = run(path, os.path.join(folder, "out"), tokens)
        runs.append({"word_pieces": tokens, "together": together, "nodes": peaks})
    for made in runs:
        print(f"\nUp to {made['word_pieces']} word pieces:\n")
        print_table(("node", "largest process, MB", "all processes, MB"), cells(made["nodes"]))
    append_record("run_memory", {"rows": arguments.rows, "runs": runs})


def write_rows(source: str, path: str, rows: int, together: int) -> None:
    """Writes the first rows of a file, so many texts in each."""
    with open(source, newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        table = [row for row, _ in zip(reader, range(rows), strict=False)]
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, reader.fieldnames)
        writer.writeheader()
        for start in range(0, len(table), together):
            texts = [row["Review Text"] for row in table[start : start + together]]
            writer.writerow({**table[start], "Review Text": " ".join(texts)})


def run(path: str, output: str, tokens: int) -> dict[str, dict[str, float]]:
    """Runs the pipeline; gives the peaks, in MB, of each node and of what comes before them."""
    overrides = [f"data.input={path}", f"output={output}", f"model.max_tokens={tokens}"]
    command = [PROGRAM, "run", str(CONFIG), *overrides, "training.epochs=1", ENCODER]
    # The thread looks at what runs now; lines of the program say what that is.
    peaks = {"start": {"largest": 0.0, "together": 0.0}}
    ended = threading.Event()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:

        def watch() -> None:
            while not ended.wait(INTERVAL):
                peak = list(peaks.values())[-1]
                for name, value in memory(process.pid).items():
                    peak[name] = max(peak[name], value)

        thread = threading.Thread(target=watch)
        thread.start()
        try:
            for line in process.stdout:
                # Behind the time of day.
                words = line.split()[1:]
                if words[1:2] == ["running"] and words[0] not in peaks:
                    peaks[words[0]] = {"largest": 0.0, "together": 0.0}
        finally:
            ended.set()
            thread.join()
    # 3: the model is not good enough to be pushed, which a few rows may lead to.
    if process.returncode not in (0, 3):
        raise SystemExit(f"exit code {process.returncode}: {' '.join(command)}")
    return peaks


def memory(pid: int) -> dict[str, float]:
    """Memory of a process and those that it has started, in MB."""
    found = [fields for fields in map(rollup, descendants(pid)) if fields]
    # Of files, each has about what the one with most has.
    files = max((one["Rss"] - one["Anonymous"] for one in found), default=0.0)
    return {
        "largest": max((one["Rss"] for one in found), default=0.0),
        "together": sum(one["Pss"] - one["Pss_File"] for one in found) + files,
    }


def rollup(pid: int) -> dict[str, float]:
    """What Linux says of a process, in MB; nothing of one that has ended."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    except OSError:
        return {}
    fields = (line.split() for line in lines)
    return {name.rstrip(":"): int(value) * 1024 / 1e6 for name, value, _ in fields}


def descendants(pid: int) -> Iterator[int]:
    """A process and all that it and those have started."""
    yield pid
    for file in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = file.read_text().split()
        except OSError:
            continue
        for child in children:
            yield from descendants(int(child))


def cells(nodes: dict[str, dict[str, float]]) -> Iterator[list[str]]:
    """The rows of a table."""
    for node, peak in nodes.items():
        yield [node, f"{peak['largest']:,.0f}", f"{peak['together']:,.0f}"]
    highest = [max(peak[name] for peak in nodes.values()) for name in ("largest", "together")]
    yield ["**all**", *(f"**{value:,.0f}**" for value in highest)]


if __name__ == "__main__":
    main()
