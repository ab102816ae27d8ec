"""Pre-trains with reviewlens and with transformers' Trainer, in turn.

    python benchmarks/pretrain.py womens_clothing_reviews.csv

makes segments of the reviews with `reviewlens pretrain … --to transform`, and trains MiniLM-L6 with
a fresh head for masked pieces on the very same ones, with AdamW, in float32 and in bfloat16. The
peer is `BertForMaskedLM` with `DataCollatorForLanguageModeling`; its batches are of segments of
similar length, which pads least. Each training is in a process of its own, on other segments in
each round; steps of the warm-up do not count.

Prints the tokens a second by the clock and by the processor, padding not counted as tokens, and
the peak memory of each process, and appends the figures to `results/pretrain.json`.

On a busy machine `--threads 1` and the processor's seconds tell most. Needs `make bench-peers`, and
Linux.
"""

from __future__ import annotations

import argparse
import csv
import dataclasses
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import yaml
from memory import memory
from peer_choice import add_peers, print_left_out
from record import PEERS, append_record
from reviews import CHECKPOINT, ENCODER, read_reviews
from splits import WORK, newest
from tables import print_table
from workers import peer_python, working

from reviewlens.components.segments.reading import read_segments
from reviewlens.models.training.tokenized import TokenizedTexts

PROGRAM = str(Path(sys.executable).with_name("reviewlens"))
# A multiple of the steps between two of reviewlens' reports.
WARM_UP = 10
SEED = 7
HELD_OUT = 64
SETTINGS = {"learning_rate": 1e-4, "mask_rate": 0.15, "seed": SEED}


@dataclasses.dataclass(frozen=True)
class System:
    """One way to pre-train.

    Attributes:
        library: `reviewlens` or `transformers`.
        precision: `float32` or `bfloat16`.
    """

    library: str
    precision: str

    @property
    def name(self) -> str:
        """In the tables."""
        return f"{self.library}, {self.precision}"


SYSTEMS = tuple(
    System(library, precision)
    for library in ("reviewlens", "transformers")
    for precision in ("float32", "bfloat16")
)
PEER_NAMES = [system.name for system in SYSTEMS if system.library == "transformers"]


def main() -> None:
    """Measures, prints and records."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("csv", help="path of womens_clothing_reviews.csv")
    parser.add_argument("--steps", type=int, default=40, help="timed steps of a training")
    parser.add_argument("--batch-size", type=int, default=32, help="segments a step")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--work", default=str(WORK / "pretrain"), help="where segments are kept")
    add_peers(parser, PEER_NAMES)
    arguments = parser.parse_args()

    texts, _ = read_reviews(arguments.csv)
    segments, encoder = prepare_segments(texts, arguments.work)
    systems = [s for s in SYSTEMS if s.library == "reviewlens" or s.name in arguments.peers]
    runs = time_steps(systems, segments, encoder, arguments)
    print_runs(runs)
    print_left_out(PEER_NAMES, arguments.peers)
    given = ("threads", "steps", "batch_size")
    facts = {name: getattr(arguments, name) for name in given}
    append_record("pretrain", {**facts, "settings": SETTINGS, "runs": runs})


def prepare_segments(texts: list[str], work: str) -> tuple[TokenizedTexts, str]:
    """Runs the pipeline up to `transform`, unless it has been run, and reads what it left.

    Returns:
        Segments of the training split and the folder of the encoder.
    """
    folder = Path(work)
    folder.mkdir(parents=True, exist_ok=True)
    source, config, output = folder / "texts.csv", folder / "pretrain.yaml", str(folder / "run")
    with open(source, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["text"], *([text] for text in texts)])
    settings = {
        "name": "texts",
        "output": output,
        "task": "masked-language-model",
        "data": {"input": str(source), "text": ["text"]},
    }
    config.write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")
    subprocess.run(
        [PROGRAM, "pretrain", str(config), ENCODER, "--to", "transform"],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    examples = newest(output, "transform", "segments")
    encoder = newest(output, "encoder-fetcher", "model") / "Format-Serving"
    return read_segments([str(examples / "Split-train" / "*")], "train"), str(encoder)


def write_segments(path: str, segments: TokenizedTexts, rows: np.ndarray) -> str:
    """Writes some segments for another process; returns the path."""
    chosen = segments.take(rows)
    # Start and end, which are never masked, are what every segment begins and ends with.
    special = np.unique([chosen.tokens[0], chosen.tokens[-1]])
    arrays = {**chosen.targets, "seconds": chosen.seconds, "special": special}
    np.savez(path, tokens=chosen.tokens, row_splits=chosen.row_splits, **arrays)
    return path


def time_steps(
    systems: list[System], segments: TokenizedTexts, encoder: str, arguments: argparse.Namespace
) -> list[dict]:
    """Times some steps of each system in turn, on other segments in each round."""
    random, runs = np.random.default_rng(SEED), []
    count = arguments.batch_size * (WARM_UP + arguments.steps)
    with tempfile.TemporaryDirectory() as scratch:
        for repeat in range(arguments.repeats):
            drawn = random.permutation(len(segments))
            chosen, held_out = drawn[:count], drawn[count : count + HELD_OUT]
            training = write_segments(f"{scratch}/train.npz", segments, chosen)
            evaluation = write_segments(f"{scratch}/eval.npz", segments, held_out)
            tokens = int(segments.lengths[chosen].sum())
            for system in systems:
                settings = {**SETTINGS, "batch_size": arguments.batch_size}
                settings["precision"] = system.precision
                given = {"segments": training, "settings": settings, "warm_up": WARM_UP}
                if system.library == "reviewlens":
                    script = Path(__file__).with_name("pretrain_reviewlens.py")
                    command = [sys.executable, str(script)]
                    given |= {"encoder": encoder, "evaluation": evaluation}
                else:
                    command = [peer_python(), str(PEERS / "pretrain_transformers.py")]
                    settings["order"] = "group_by_length"
                    given["checkpoint"] = CHECKPOINT
                threads = arguments.threads
                with working([*command, f"--threads={threads}"], threads=threads) as worker:
                    found = worker.ask("time_steps", **given)
                    found["peak_mb"] = memory(worker.pid, "VmHWM")
                found["tokens"] = tokens * found.pop("share")
                runs.append({"system": system.name, "repeat": repeat, **found})
                told = f"{found['seconds']:.1f} s, {found['peak_mb']:,.0f} MB"
                print(f"{system.name}: {told}", file=sys.stderr, flush=True)
    return runs


def print_runs(runs: list[dict]) -> None:
    """Prints tokens a second and memory, medians over the rounds, and ratios to the peer's best."""
    found = {}
    for run in runs:
        found.setdefault(run["system"], []).append(run)
    speeds = {
        name: {
            clock: statistics.median(run["tokens"] / run[clock] for run in of_system)
            for clock in ("seconds", "processor_seconds")
        }
        for name, of_system in found.items()
    }
    base = next((name for name in reversed(PEER_NAMES) if name in speeds), next(iter(speeds)))
    columns = ("system", "tokens/s", "lowest", "highest", f"times {base}")
    columns += ("tokens/s of processor", f"times {base}", "peak RSS, MB")
    rows = []
    for name, of_system in found.items():
        clocked = [run["tokens"] / run["seconds"] for run in of_system]
        cells = [name, *(f"{value:,.0f}" for value in (speeds[name]["seconds"], min(clocked)))]
        cells += [f"{max(clocked):,.0f}"]
        cells.append(f"{speeds[name]['seconds'] / speeds[base]['seconds']:.2f}")
        cells.append(f"{speeds[name]['processor_seconds']:,.0f}")
        ratio = speeds[name]["processor_seconds"] / speeds[base]["processor_seconds"]
        cells.append(f"{ratio:.2f}")
        cells.append(f"{max(run['peak_mb'] for run in of_system):,.0f}")
        rows.append(cells)
    print_table(columns, rows)


if __name__ == "__main__":
    main()
