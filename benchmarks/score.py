"""Scores reviews from raw text to probabilities with reviewlens and with its peers, in turn.

    python benchmarks/score.py womens_clothing_reviews.csv \\
        --model runs/womens-clothing/serving/womens-clothing

loads an exported model, and the same weights into the peers, each in a process of its own, and
has them score the same reviews. Prints a Markdown table and appends the figures to
`results/score.json`. Needs `make bench-peers`.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import statistics
import sys
import tempfile
from pathlib import Path

import numpy as np
from peer_choice import add_peers, print_left_out
from peers.convert import convert
from record import PEERS, append_record
from reviews import LABELS, read_reviews
from tables import print_table
from workers import Worker, peer_python, working

from reviewlens.models.tasks.text_classification.metrics import macro_f1
from reviewlens.serving import LocalModel

BATCH_SIZES = (8, 32, 64)
# Reviews on which the peers' batch sizes are compared.
TUNING = 256
HERE = Path(__file__).parent
# Script and precision; those under `peers` run in the peers' environment.
PEERS_OF_OURS = {
    "transformers, pipeline, float32": (PEERS / "score_transformers.py", "float32"),
    "transformers, pipeline, bfloat16": (PEERS / "score_transformers.py", "bfloat16"),
    "ONNX Runtime, float32": (PEERS / "score_onnx.py", "float32"),
    "ONNX Runtime, int8": (PEERS / "score_onnx.py", "int8"),
    "keras-nlp, float32": (HERE / "score_keras_nlp.py", "float32"),
    "keras-nlp, bfloat16": (HERE / "score_keras_nlp.py", "bfloat16"),
}


def main() -> None:
    """Measures, prints and records."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("csv", help="path of womens_clothing_reviews.csv")
    parser.add_argument(
        "--model",
        action="append",
        required=True,
        metavar="[NAME=]DIR",
        help="exported model; may be given again. The first gives the peers their weights, and "
        "the classes that agreement is with: let it be in float32",
    )
    parser.add_argument("--rows", type=int, default=2_000, help="reviews drawn; 0 for all")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    add_peers(parser, PEERS_OF_OURS)
    arguments = parser.parse_args()

    texts, labels = read_reviews(arguments.csv, arguments.rows or None)
    models = dict(map(named_model, arguments.model))
    with contextlib.ExitStack() as stack:
        scratch = stack.enter_context(tempfile.TemporaryDirectory())
        commands = {
            name: [sys.executable, str(HERE / "score_reviewlens.py"), directory]
            for name, directory in models.items()
        }
        convert(LocalModel(next(iter(models.values()))).directory, scratch)
        for name in arguments.peers:
            script, precision = PEERS_OF_OURS[name]
            python = peer_python() if script.parent == PEERS else sys.executable
            commands[name] = [python, str(script), scratch, f"--precision={precision}"]
        workers = {
            name: stack.enter_context(
                working([*command, f"--threads={arguments.threads}"], threads=arguments.threads)
            )
            for name, command in commands.items()
        }
        batch_sizes = {
            name: None if name in models else best_batch_size(worker, texts[:TUNING])
            for name, worker in workers.items()
        }
        runs = score(workers, batch_sizes, texts, arguments.repeats)
    systems = [
        summarize(name, batch_sizes[name], found, next(iter(runs.values()))[0], labels)
        for name, found in runs.items()
    ]
    print_systems(systems)
    print_left_out(PEERS_OF_OURS, arguments.peers)
    facts = {"threads": arguments.threads, "rows": len(texts), "systems": systems}
    append_record("score", facts)


def named_model(argument: str) -> tuple[str, str]:
    """`NAME=DIR`, or `DIR`, whose last two parts are its name then."""
    name, separator, directory = argument.partition("=")
    if separator and os.sep not in name:
        return f"reviewlens, {name}", directory
    return f"reviewlens, {'/'.join(Path(argument).parts[-2:])}", argument


def best_batch_size(worker: Worker, texts: list[str]) -> int:
    """The fastest of a few, after a warm-up."""
    worker.ask("score", texts=texts[: max(BATCH_SIZES)], batch_size=BATCH_SIZES[0])
    seconds = {
        size: worker.ask("score", texts=texts, batch_size=size)["seconds"] for size in BATCH_SIZES
    }
    return min(seconds, key=seconds.get)


def score(
    workers: dict[str, Worker], batch_sizes: dict[str, int | None], texts: list[str], repeats: int
) -> dict[str, list[dict]]:
    """Has all score all texts in turn, again and again, after a warm-up."""
    for name, worker in workers.items():
        worker.ask("score", texts=texts[:TUNING], batch_size=batch_sizes[name])
    runs = {name: [] for name in workers}
    for _ in range(repeats):
        for name, worker in workers.items():
            found = worker.ask("score", texts=texts, batch_size=batch_sizes[name])
            runs[name].append(found)
            print(f"{name}: {found['seconds']:.1f} s", file=sys.stderr, flush=True)
    return runs


def summarize(
    name: str, batch_size: int | None, runs: list[dict], reference: dict, labels: list[int]
) -> dict:
    """Speeds and quality of one system; the answers are those of its first run."""
    classes, probabilities = np.array(runs[0]["classes"]), np.array(runs[0]["probabilities"])
    difference = np.abs(probabilities - np.array(reference["probabilities"])).max()
    return {
        "system": name,
        "batch_size": batch_size,
        "reviews_per_second": [len(labels) / run["seconds"] for run in runs],
        "accuracy": float(np.mean(classes == labels)),
        "macro_f1": macro_f1(np.array(labels), classes, len(LABELS)),
        "agreement": float(np.mean(classes == np.array(reference["classes"]))),
        "largest_difference": float(difference),
    }


def print_systems(systems: list[dict]) -> None:
    """Prints the table; ratios are of medians."""
    columns = ("system", "batch", "reviews/s, median", "lowest", "highest")
    columns += (f"times {systems[0]['system']}", "accuracy", "macro-F1", "same class")
    columns += ("largest difference",)
    medians = [statistics.median(system["reviews_per_second"]) for system in systems]
    print_table(
        columns,
        (
            (
                system["system"],
                str(system["batch_size"] or "its own"),
                f"{median:,.0f}",
                f"{min(system['reviews_per_second']):,.0f}",
                f"{max(system['reviews_per_second']):,.0f}",
                f"{median / medians[0]:.2f}",
                f"{system['accuracy']:.4f}",
                f"{system['macro_f1']:.4f}",
                f"{system['agreement']:.2%}",
                f"{system['largest_difference']:.1e}",
            )
            for system, median in zip(systems, medians, strict=True)
        ),
    )


if __name__ == "__main__":
    main()
