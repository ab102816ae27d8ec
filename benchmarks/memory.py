"""Measures how much memory a training takes, of reviewlens and of transformers' Trainer.

    python benchmarks/memory.py womens_clothing_reviews.csv

tokenizes the file with the pipeline and trains the same encoder on the same reviews, of up to
128 word pieces and, several put together, of up to 256; each training in a process of its own.
Prints a Markdown table and appends the figures to `results/memory.json`. Needs
`make bench-peers`, and Linux.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import os
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from finetune import BATCH_SIZE, EVAL_ROWS, SEED, WARM_UP, take
from peer_choice import add_peers, print_left_out
from record import PEERS, append_record
from reviews import CHECKPOINT
from splits import WORK, Splits, prepare_splits, write_reviews
from tables import print_table
from workers import peer_python, working

from reviewlens.models.training.tokenized import TokenizedTexts

WIDTHS = (128, 256)
PRECISIONS = ("float32", "bfloat16")
# Seconds between two looks at a process.
INTERVAL = 0.5


@dataclasses.dataclass(frozen=True)
class System:
    """One way to fine-tune.

    Attributes:
        library: `reviewlens` or `transformers`.
        precision: `float32` or `bfloat16`.
        micro_batch: Reviews at a time within a step; None for the whole batch.
    """

    library: str
    precision: str
    micro_batch: int | None = None

    @property
    def name(self) -> str:
        """In the table."""
        parts = f", {self.micro_batch} at a time" if self.micro_batch else ""
        return f"{self.library}, {self.precision}{parts}"


PEER_NAMES = [System("transformers", precision).name for precision in PRECISIONS]


def main() -> None:
    """Measures, prints and records."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("csv", help="path of womens_clothing_reviews.csv")
    parser.add_argument("--steps", type=int, default=100, help="timed steps of a training")
    parser.add_argument("--precision", nargs="+", choices=PRECISIONS, default=PRECISIONS)
    parser.add_argument("--word-pieces", nargs="+", type=int, choices=WIDTHS, default=WIDTHS)
    parser.add_argument("--micro-batch", type=int, default=8, help="reviews at a time, as well")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--work", default=str(WORK), help="where the tokenized reviews are kept")
    add_peers(parser, PEER_NAMES)
    arguments = parser.parse_args()

    splits = prepare_splits(arguments.csv, os.path.join(arguments.work, "womens-clothing"))
    columns = ("system", "word pieces", "MB before", "halfway", "in the end", "peak", "reviews/s")
    systems = [
        system
        for precision in arguments.precision
        for system in (
            System("reviewlens", precision),
            System("reviewlens", precision, arguments.micro_batch),
            System("transformers", precision),
        )
        if system.name not in PEER_NAMES or system.name in arguments.peers
    ]
    runs = []
    for width in arguments.word_pieces:
        for system in systems:
            run = measure(system, splits, width, arguments.steps, arguments.threads)
            print(f"{system.name}, {width}: {run['peak_mb']:,.0f} MB", file=sys.stderr)
            runs.append(run)
    print_table(columns, map(cells, runs))
    print_left_out(PEER_NAMES, [system.name for system in systems])
    append_record("memory", {"threads": arguments.threads, "steps": arguments.steps, "runs": runs})


def measure(system: System, splits: Splits, width: int, steps: int, threads: int) -> dict:
    """Trains for some steps in a new process; gives its memory in MB, and its speed."""
    chosen = take(splits.training, BATCH_SIZE * (WARM_UP + steps), SEED)
    held_out = take(splits.evaluation, EVAL_ROWS, SEED)
    if width > chosen.lengths.max():
        chosen, held_out = join(chosen, width), join(held_out, width)
    settings = {"batch_size": BATCH_SIZE, "epochs": 1, "learning_rate": 1e-4, "seed": SEED}
    settings["precision"] = system.precision
    given = {"settings": settings, "warm_up": WARM_UP}
    with tempfile.TemporaryDirectory() as scratch:
        given["reviews"] = write_reviews(f"{scratch}/train.npz", chosen)
        if system.library == "reviewlens":
            python, script = sys.executable, Path(__file__).with_name("finetune_reviewlens.py")
            settings["micro_batch"] = system.micro_batch
            given["evaluation"] = write_reviews(f"{scratch}/eval.npz", held_out)
            given["encoder"] = splits.encoder
        else:
            python, script = peer_python(), PEERS / "finetune_transformers.py"
            given |= {"checkpoint": CHECKPOINT, "order": None}
        command = [python, str(script), f"--threads={threads}"]
        with working(command, threads=threads) as worker, watching(worker.pid) as seen:
            found = worker.ask("time_steps", **given)
            seen.append(memory(worker.pid, "VmRSS"))
            peak = memory(worker.pid, "VmHWM")
    return {
        "system": system.name,
        "word_pieces": width,
        "peak_mb": peak,
        "mb": seen,
        "reviews_per_second": found["reviews"] / found["seconds"],
    }


def join(reviews: TokenizedTexts, width: int) -> TokenizedTexts:
    """As many reviews, each with the text of two others behind its own, cut to a width."""
    order = np.random.default_rng(SEED)
    others = zip(order.permutation(len(reviews)), order.permutation(len(reviews)), strict=True)
    rows = [
        # [CLS] is the first piece of a review, [SEP] the last one.
        np.concatenate([reviews.row(i)[:-1], reviews.row(j)[1:-1], reviews.row(k)[1:]])[:width]
        for i, (j, k) in enumerate(others)
    ]
    return TokenizedTexts.from_rows(rows, reviews.targets)


def memory(pid: int, key: str) -> float:
    """What Linux says of a process, `VmRSS` or its peak `VmHWM`, in MB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition(f"{key}:")[2].split()[0]) * 1024 / 1e6


@contextlib.contextmanager
def watching(pid: int) -> Iterator[list[float]]:
    """Notes the memory of a process now and then; yields the list, which grows."""
    seen = [memory(pid, "VmRSS")]
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(INTERVAL):
            seen.append(memory(pid, "VmRSS"))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield seen
    finally:
        ended.set()
        thread.join()


def cells(run: dict) -> Iterator[str]:
    """A row of the table."""
    seen = run["mb"]
    yield run["system"]
    yield str(run["word_pieces"])
    for value in (seen[0], seen[len(seen) // 2], seen[-1], run["peak_mb"]):
        yield f"{value:,.0f}"
    yield f"{run['reviews_per_second']:.1f}"


if __name__ == "__main__":
    main()
