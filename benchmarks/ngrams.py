"""Compares the n-gram classifier with fastText and with TF-IDF and logistic regression.

    python benchmarks/ngrams.py womens_clothing_reviews.csv

How good they are, on three files and splits of several seeds, which are the same for all; and how
fast: seconds to train, reviews a second from raw text, bytes of the model and peak of the memory.
Then the seconds to train on more and more rows, which are the clothing reviews over and over with
a word of each replaced. Prints tables and appends the figures to `results/ngrams.json`. Needs
`make bench-peers`.
"""

from __future__ import annotations

import argparse
import contextlib
import random
import re
import statistics
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from judging import METRICS, Answers, judge
from peer_choice import add_peers, print_left_out
from record import PEERS, append_record
from review_files import FILES, Review, ReviewFile
from tables import print_table
from workers import Worker, peer_python, working

from reviewlens.components.review_example_gen.labels import ValueMap
from reviewlens.components.review_example_gen.settings import DataSettings
from reviewlens.models.tasks.text_classification.decision import Decision

HERE = Path(__file__).parent
NAMES = ("clothing", "amazon", "films")
OURS = "reviewlens, n-grams"
# How each is trained; None stands for a search on eval.
FASTTEXT = {
    "fastText, defaults": {},
    "fastText, BlazingText's defaults": {"lr": 0.05, "wordNgrams": 2, "minCount": 5},
    "fastText, best on eval": None,
}
TFIDF = {
    "TF-IDF, logistic regression, defaults": {},
    "TF-IDF, logistic regression, best on eval": None,
}
# With pairs of words, as ours, and few dimensions: what is fast there.
SCALED = {"fastText, pairs of words": {"lr": 0.5, "wordNgrams": 2, "dim": 10}}
HEADS = {"accuracy": "accuracy", "macro_f1": "macro-F1", "log_loss": "log loss", "ece": "ECE"}


def main() -> None:
    """Measures, prints and records."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("csv", help="path of womens_clothing_reviews.csv")
    parser.add_argument("--files", nargs="*", default=NAMES, choices=list(FILES), metavar="FILE")
    parser.add_argument("--rows", type=int, help="drawn of each file; all if left out")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument(
        "--scale",
        type=int,
        nargs="*",
        default=[100_000, 1_000_000],
        help="rows to train on, such as 10000000, for which ours takes 13 GB",
    )
    parser.add_argument("--packages", default=HERE.parent / "runs" / "benchmarks" / "packages")
    names = [*FASTTEXT, *TFIDF]
    add_peers(parser, names)
    arguments = parser.parse_args()

    systems = [OURS, *arguments.peers]
    found = []
    for name in arguments.files:
        file = FILES[name]
        path = file.find(arguments.csv, Path(arguments.packages))
        if path is None:
            print(f"\nLeft out, for its package is missing: {file.title}.")
            continue
        rows = compare(file, file.rows(path), systems, arguments)
        found.append({"file": name, "systems": rows})
        print(f"\n{file.title.capitalize()}\n")
        print_rows(rows)
    print_left_out(names, arguments.peers)
    scaled = scale(arguments) if arguments.scale else []
    append_record(
        "ngrams",
        {
            "threads": arguments.threads,
            "seeds": arguments.seeds,
            "files": found,
            "scale": scaled,
        },
    )


def compare(
    file: ReviewFile, reviews: list[Review], systems: list[str], arguments: argparse.Namespace
) -> dict[str, dict]:
    """Measures systems on the splits of a file, in turn; gives figures for each."""
    labelled, grades = label(file, reviews)
    if arguments.rows is not None and arguments.rows < len(labelled):
        labelled = random.Random(0).sample(labelled, arguments.rows)
    rows: dict[str, dict] = {name: {"seconds": [], "rates": [], "chosen": []} for name in systems}
    answers: dict[str, list[Answers]] = {
        kind: [] for name in systems for kind in (name, f"{name}, calibrated")
    }
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        workers = {name: stack.enter_context(start(name, grades, arguments)) for name in systems}
        for seed in range(arguments.seeds):
            numbers = split(labelled, seed)
            for part, chosen in numbers.items():
                write(Path(folder, f"{part}.tsv"), (labelled[index] for index in chosen))
            for name, worker in workers.items():
                measure(name, worker, folder, rows[name])
                said = {
                    part: worker.ask("score", path=f"{folder}/{part}.tsv")
                    for part in ("eval", "test")
                }
                rows[name]["rates"].append(
                    sum(len(numbers[part]) for part in said)
                    / sum(answer["cpu"] for answer in said.values())
                )
                labels = {part: np.array([labelled[i][0] for i in numbers[part]]) for part in said}
                for kind, answer in conclude(said, labels).items():
                    answers[f"{name}{kind}"].append(
                        Answers(np.array(numbers["test"]), labels["test"], *answer)
                    )
        for name, worker in workers.items():
            rows[name]["bytes"] = worker.ask("size")
            lone = worker.ask("lone", text=labelled[0][2], times=100)
            rows[name]["lone_ms"] = 1e3 * lone
            rows[name]["peak_mb"] = peak(worker.pid)
    judged = judge(answers, max(grades) + 1)
    for name in systems:
        for key, kind in (("as_it_comes", ""), ("calibrated", ", calibrated")):
            figures = judged[f"{name}{kind}"]
            rows[name][key] = {metric: figures[metric].estimate.facts for metric in METRICS}
    return rows


def label(
    file: ReviewFile, reviews: list[Review]
) -> tuple[list[tuple[int, int, str, str]], list[int]]:
    """Class, grade, text and group of each review once, and the class of each grade."""
    data = {key: tuple(v) if isinstance(v, list) else v for key, v in file.data.items()}
    grades = DataSettings(input="", **data).grades
    values = ValueMap({index: grade.values for index, grade in enumerate(grades)})
    once = {" ".join(review.text.split()): review for review in reviews}
    labelled = [
        (grades[grade].label, grade, text, review.group or text)
        for text, review in once.items()
        if (grade := values.find(review.says)) is not None
    ]
    return labelled, [grade.label for grade in grades]


def split(labelled: list[tuple[int, int, str, str]], seed: int) -> dict[str, list[int]]:
    """Row numbers of the splits, 8 : 1 : 1, no group in two of them."""
    draws = random.Random(seed)
    parts = {group: draws.random() for group in sorted({row[3] for row in labelled})}
    found: dict[str, list[int]] = {"train": [], "eval": [], "test": []}
    for index, row in enumerate(labelled):
        part = parts[row[3]]
        found["train" if part < 0.8 else "eval" if part < 0.9 else "test"].append(index)
    # fastText takes the rows in their order, and those of the films are sorted by class.
    draws.shuffle(found["train"])
    return found


def write(path: Path, labelled: Iterator[tuple[int, int, str, str]]) -> None:
    """Writes reviews for the workers."""
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        file.writelines(f"{label}\t{grade}\t{text}\n" for label, grade, text, _ in labelled)


def start(
    name: str, grades: list[int], arguments: argparse.Namespace
) -> contextlib.AbstractContextManager[Worker]:
    """A process for one system, so that its memory is its own."""
    if name == OURS:
        command = [sys.executable, str(HERE / "ngrams_reviewlens.py"), "--grades"]
        command += map(str, grades)
    else:
        python, script = (
            (sys.executable, HERE / "ngrams_tfidf.py")
            if name in TFIDF
            else (peer_python(), PEERS / "ngrams_fasttext.py")
        )
        command = [python, str(script), f"--classes={max(grades) + 1}"]
    threads = arguments.threads
    return working([*command, f"--threads={threads}"], threads=threads)


def measure(name: str, worker: Worker, folder: str, row: dict) -> None:
    """Has a system train, and notes what it took."""
    settings = {**FASTTEXT, **TFIDF, **SCALED, OURS: None}[name]
    trained = worker.ask("train", folder=folder, settings=settings)
    row["seconds"].append({"cpu": trained["cpu"], "wall": trained["wall"]})
    row["chosen"].append(trained["settings"])


def conclude(said: dict[str, dict], labels: dict[str, np.ndarray]) -> dict[str, tuple]:
    """Probabilities and classes of the test split: as they come, and as `reviewlens` decides.

    What is fitted for that is fitted on eval, for every system alike.
    """
    given = {part: np.array(answer["probabilities"]) for part, answer in said.items()}
    logits = {part: np.log(np.maximum(values, 1e-7)) for part, values in given.items()}
    decision = Decision.fit(logits["eval"], labels["eval"])
    test = logits["test"]
    return {
        "": (given["test"], given["test"].argmax(1)),
        ", calibrated": (decision.probabilities(test), decision.decided(test)),
    }


def peak(pid: int) -> float:
    """Most memory that a process had, in MB of 10^6 bytes."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"^VmHWM:\s*(\d+)", status, re.M)[1]) * 1024 / 1e6


def print_rows(rows: dict[str, dict]) -> None:
    """Prints what was found on one file."""
    for key, title in (
        ("as_it_comes", "as it comes"),
        ("calibrated", "calibrated and decided by what reviewlens fits on eval"),
    ):
        print_table(
            (f"system, {title}", *HEADS.values()),
            (
                (
                    name,
                    *(f"{row[key][m]['value']:.4f} ± {row[key][m]['margin']:.4f}" for m in HEADS),
                )
                for name, row in rows.items()
            ),
        )
        print()
    columns = ("system", "training, CPU s", "wall s", "reviews/CPU s from raw text")
    print_table(
        (*columns, "one review, CPU ms", "model, MB", "peak, MB"),
        (
            (
                name,
                f"{statistics.median(s['cpu'] for s in row['seconds']):.2f}",
                f"{statistics.median(s['wall'] for s in row['seconds']):.2f}",
                f"{statistics.median(row['rates']):,.0f}",
                f"{row['lone_ms']:.2f}",
                f"{row['bytes'] / 1e6:,.1f}",
                f"{row['peak_mb']:,.0f}",
            )
            for name, row in rows.items()
        ),
    )


def scale(arguments: argparse.Namespace) -> list[dict]:
    """Measures the training on more and more rows."""
    file = FILES["clothing"]
    labelled, grades = label(file, file.rows(Path(arguments.csv)))
    systems = [OURS, *(SCALED if set(arguments.peers) & set(FASTTEXT) else ())]
    found = []
    print("\nMore and more rows\n")
    for rows in arguments.scale:
        with tempfile.TemporaryDirectory() as folder:
            write(Path(folder, "train.tsv"), repeated(labelled, rows))
            write(Path(folder, "eval.tsv"), iter(labelled[:2000]))
            for name in systems:
                with start(name, grades, arguments) as worker:
                    row: dict = {"system": name, "rows": rows, "seconds": [], "chosen": []}
                    measure(name, worker, folder, row)
                    row["peak_mb"] = peak(worker.pid)
                    found.append(row)
    print_table(
        ("system", "rows", "training, CPU s", "wall s", "CPU µs/row", "peak, MB"),
        (
            (
                row["system"],
                f"{row['rows']:,}",
                f"{row['seconds'][0]['cpu']:,.1f}",
                f"{row['seconds'][0]['wall']:,.1f}",
                f"{1e6 * row['seconds'][0]['cpu'] / row['rows']:,.1f}",
                f"{row['peak_mb']:,.0f}",
            )
            for row in found
        ),
    )
    return found


def repeated(
    labelled: list[tuple[int, int, str, str]], rows: int
) -> Iterator[tuple[int, int, str, str]]:
    """So many rows; of each a word is replaced by one that few others have."""
    draws = random.Random(1)
    for number in range(rows):
        label, grade, text, group = labelled[number % len(labelled)]
        words = text.split(" ")
        words[draws.randrange(len(words))] = f"w{draws.randrange(10**6)}"
        yield label, grade, " ".join(words), group


if __name__ == "__main__":
    main()
