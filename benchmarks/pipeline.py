"""Measures how the cost of the nodes before the training grows with the number of rows.

    python benchmarks/pipeline.py womens_clothing_reviews.csv

repeats the rows of the Women's E-Commerce Clothing Reviews with perturbed texts to 5,000,
50,000 and 500,000 rows, runs `reviewlens run … --to transform` on each file in a process of
its own, and prints seconds per node, microseconds per row of all of them together, and the
peak memory of the process.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import tempfile
from pathlib import Path

from ingest import SIZES, repeat

CONFIG = Path(__file__).parents[1] / "configs" / "womens-clothing.yaml"
NODES = ("review-example-gen", "statistics-gen", "schema-gen", "example-validator", "transform")


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("csv", help="path of womens_clothing_reviews.csv")
    parser.add_argument("--rows", type=int, nargs="+", default=SIZES)
    arguments = parser.parse_args()
    columns = ("rows", *NODES, "all, s", "µs/row", "peak RSS, MB")
    print(f"| {' | '.join(columns)} |")
    print("|---:" * len(columns) + "|")
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


def run(path: str, output: str) -> dict[str, float]:
    """Runs the nodes up to `transform`; returns the seconds of each."""
    overrides = [f"data.input={path}", f"output={output}"]
    command = ["reviewlens", "run", str(CONFIG), *overrides, "--to", NODES[-1]]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return json.loads(Path(output, "summary.json").read_text())["timings"]


if __name__ == "__main__":
    main()
