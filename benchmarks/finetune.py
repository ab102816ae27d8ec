"""Fine-tunes with reviewlens and with transformers' Trainer, in turn.

    python benchmarks/finetune.py womens_clothing_reviews.csv
    python benchmarks/finetune.py womens_clothing_reviews.csv --full

tokenizes the file with the pipeline and trains the same encoder on the same reviews: without
`--full` on some batches, for the speed; with it on the whole training split, for the time until
the classifier is as good as the one that the Trainer ends with. Prints a Markdown table and
appends the figures to `results/finetune.json`. Needs `make bench-peers`.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import os
import statistics
import sys
import tempfile
from pathlib import Path

import numpy as np
from peer_choice import add_peers, print_left_out
from record import PEERS, append_record
from reviews import CHECKPOINT, LABELS
from splits import WORK, Splits, labels_of, prepare_splits, write_reviews
from tables import print_table
from workers import Worker, peer_python, working

from reviewlens.models.tasks.text_classification.metrics import macro_f1
from reviewlens.models.training.batching import shuffled_batches
from reviewlens.models.training.tokenized import TokenizedTexts

BATCH_SIZE = 32
# A multiple of the steps between two of reviewlens' reports.
WARM_UP = 10
SEED = 7
EVAL_ROWS = 256
PEER_RECIPE = {"epochs": 2, "learning_rate": 5e-5}
OUR_RECIPE = {"epochs": 3, "learning_rate": 1e-4}


@dataclasses.dataclass(frozen=True)
class System:
    """One way to fine-tune.

    Attributes:
        library: `reviewlens` or `transformers`.
        precision: `float32` or `bfloat16`.
        order: `ours`: batches of similar lengths, as reviewlens draws them; `random`: as the
            Trainer does.
    """

    library: str
    precision: str
    order: str

    @property
    def name(self) -> str:
        """In the tables."""
        order = {"ours": "batches of similar lengths", "random": "random batches"}[self.order]
        return f"{self.library}, {self.precision}, {order}"


SYSTEMS = (
    System("reviewlens", "float32", "ours"),
    System("reviewlens", "bfloat16", "ours"),
    System("transformers", "float32", "ours"),
    System("transformers", "bfloat16", "ours"),
    System("transformers", "float32", "random"),
    System("transformers", "bfloat16", "random"),
)
PEER_NAMES = [system.name for system in SYSTEMS if system.library == "transformers"]
# What the ratios are of: the Trainer with its defaults.
BASELINE = SYSTEMS[4].name


def main() -> None:
    """Measures, prints and records."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("csv", help="path of womens_clothing_reviews.csv")
    parser.add_argument("--steps", type=int, default=60, help="timed steps of a measurement")
    parser.add_argument("--full", action="store_true", help="whole trainings")
    parser.add_argument("--repeats", type=int, help="3, or with --full 1")
    parser.add_argument("--rows", type=int, help="with --full: so many reviews of each split")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--work", default=str(WORK), help="where the tokenized reviews are kept")
    add_peers(parser, PEER_NAMES)
    arguments = parser.parse_args()

    splits = prepare_splits(arguments.csv, os.path.join(arguments.work, "womens-clothing"))
    systems = [s for s in SYSTEMS if s.library == "reviewlens" or s.name in arguments.peers]
    programs = {
        "reviewlens": [sys.executable, str(Path(__file__).with_name("finetune_reviewlens.py"))]
    }
    if arguments.peers:
        programs["transformers"] = [peer_python(), str(PEERS / "finetune_transformers.py")]
    with contextlib.ExitStack() as stack:
        scratch = stack.enter_context(tempfile.TemporaryDirectory())
        workers = {
            library: stack.enter_context(
                working([*program, f"--threads={arguments.threads}"], threads=arguments.threads)
            )
            for library, program in programs.items()
        }
        if arguments.full:
            repeats = arguments.repeats or 1
            runs = train_fully(workers, systems, splits, scratch, repeats, arguments.rows)
        else:
            repeats = arguments.repeats or 3
            runs = time_steps(workers, systems, splits, scratch, repeats, arguments.steps)
    (print_qualities if arguments.full else print_speeds)(runs, len(splits.training))
    print_left_out(PEER_NAMES, arguments.peers)
    append_record("finetune", {"threads": arguments.threads, "full": arguments.full, "runs": runs})


def time_steps(
    workers: dict[str, Worker],
    systems: list[System],
    splits: Splits,
    scratch: str,
    repeats: int,
    steps: int,
) -> list[dict]:
    """Times some steps of each system in turn, on other reviews in each repeat."""
    evaluation = write_reviews(f"{scratch}/eval.npz", take(splits.evaluation, EVAL_ROWS, SEED))
    runs = []
    for repeat in range(repeats):
        chosen = take(splits.training, BATCH_SIZE * (WARM_UP + steps), SEED + repeat)
        reviews = write_reviews(f"{scratch}/train.npz", chosen)
        settings = {"batch_size": BATCH_SIZE, "epochs": 1, "learning_rate": 1e-4, "seed": SEED}
        batches = shuffled_batches(chosen.lengths, BATCH_SIZE, np.random.default_rng([SEED, 0]))
        for system in systems:
            given = {
                "reviews": reviews,
                "settings": {**settings, "precision": system.precision},
                "warm_up": WARM_UP,
            }
            if system.library == "reviewlens":
                given |= {"encoder": splits.encoder, "evaluation": evaluation}
            else:
                order = np.concatenate(batches).tolist() if system.order == "ours" else None
                given |= {"checkpoint": CHECKPOINT, "order": order}
            found = workers[system.library].ask("time_steps", **given)
            runs.append({"system": system.name, "repeat": repeat, **found})
            print(f"{system.name}: {found['seconds']:.1f} s", file=sys.stderr, flush=True)
    return runs


def train_fully(
    workers: dict[str, Worker],
    systems: list[System],
    splits: Splits,
    scratch: str,
    repeats: int,
    rows: int | None,
) -> list[dict]:
    """Trains each system to the end in turn, with another seed in each repeat."""
    if rows is not None:
        parts = {name: getattr(splits, name) for name in ("training", "evaluation", "test")}
        parts = {name: take(part, rows, SEED) for name, part in parts.items()}
        splits = dataclasses.replace(splits, **parts)
    files = {
        "reviews": write_reviews(f"{scratch}/train.npz", splits.training),
        "evaluation": write_reviews(f"{scratch}/eval.npz", splits.evaluation),
        "test": write_reviews(f"{scratch}/test.npz", splits.test),
    }
    runs = []
    for repeat in range(repeats):
        for system in systems:
            if system.library == "transformers" and system.order == "ours":
                continue
            ours = system.library == "reviewlens"
            recipe = OUR_RECIPE if ours else PEER_RECIPE
            settings = {"batch_size": BATCH_SIZE, "precision": system.precision, **recipe}
            where = {"encoder": splits.encoder} if ours else {"checkpoint": CHECKPOINT}
            settings["seed"] = SEED + repeat
            found = workers[system.library].ask("train_fully", **files, **where, settings=settings)
            run = {"system": system.name, "repeat": repeat, "recipe": recipe}
            run |= quality(found, splits)
            runs.append(run)
            print(f"{system.name}: {run}", file=sys.stderr, flush=True)
    return runs


def take(reviews: TokenizedTexts, rows: int | None, seed: int) -> TokenizedTexts:
    """So many reviews, or all, drawn at random."""
    chosen = np.random.default_rng(seed).permutation(len(reviews))[:rows]
    return reviews.take(chosen)


def quality(found: dict, splits: Splits) -> dict:
    """Seconds and scores of a training, from what a worker answered."""
    labels = {"eval": labels_of(splits.evaluation), "test": labels_of(splits.test)}
    figures = {"seconds": found["seconds"], "epochs_macro_f1": found.get("macro_f1")}
    for split, right in labels.items():
        for how in ("argmax", "decided"):
            predictions = found.get(f"{split}_{how}", found[f"{split}_argmax"])
            figures[f"{split}_{how}"] = macro_f1(right, np.array(predictions), len(LABELS))
    return figures


def print_speeds(runs: list[dict], training: int) -> None:
    """Prints reviews a second, how long an epoch takes at that speed, and ratios of medians."""
    speeds = {}
    for run in runs:
        speeds.setdefault(run["system"], []).append(run["reviews"] / run["seconds"])
    medians = {system: statistics.median(found) for system, found in speeds.items()}
    base = BASELINE if BASELINE in medians else next(iter(medians))
    columns = ("system", "reviews/s, median", "lowest", "highest", "an epoch, s", f"times {base}")
    print_table(
        columns,
        (
            (
                system,
                *(f"{value:.1f}" for value in (medians[system], min(found), max(found))),
                f"{training / medians[system]:,.0f}",
                f"{medians[system] / medians[base]:.2f}",
            )
            for system, found in speeds.items()
        ),
    )


def print_qualities(runs: list[dict], training: int) -> None:
    """Prints whole trainings, and when ours were as good as each of the Trainer's."""
    columns = ("system", "seed", "training, s", "eval macro-F1, decided", "argmax")
    columns += ("test macro-F1, decided", "argmax")
    print_table(
        columns,
        (
            (
                run["system"],
                str(SEED + run["repeat"]),
                f"{np.sum(run['seconds']):,.0f}",
                *(
                    f"{run[f'{split}_{how}']:.4f}"
                    for split in ("eval", "test")
                    for how in ("decided", "argmax")
                ),
            )
            for run in runs
        ),
    )
    print()
    print_table(
        ("ours", "as good as", "its eval macro-F1", "its s", "ours, s", "times as fast"),
        (
            (run["system"], peer["system"], f"{peer['eval_argmax']:.4f}", *compare(run, peer))
            for run in runs
            if run["epochs_macro_f1"]
            for peer in runs
            if not peer["epochs_macro_f1"] and peer["repeat"] == run["repeat"]
        ),
    )


def compare(run: dict, peer: dict) -> tuple[str, str, str]:
    """Seconds of the peer, ours until its eval macro-F1, and the ratio."""
    for epoch, reached in enumerate(run["epochs_macro_f1"], start=1):
        if reached >= peer["eval_argmax"]:
            seconds = sum(run["seconds"][:epoch])
            return f"{peer['seconds']:,.0f}", f"{seconds:,.0f}", f"{peer['seconds'] / seconds:.2f}"
    return f"{peer['seconds']:,.0f}", "never", "0"


if __name__ == "__main__":
    main()
