"""Compares how good models are that `reviewlens run` trains with its defaults.

    make bench-data bench-peers
    python benchmarks/quality.py womens_clothing_reviews.csv

trains on files of reviews (`review_files.py` says which, and whose they are) the n-grams alone,
the encoder alone and what the defaults make of both, and the peers on the very same rows:
transformers' Trainer with the same encoder and all its defaults but the precision, and TF-IDF with
logistic regression. Every seed draws other rows, other splits and another training. Prints
macro-F1, accuracy, log loss and expected calibration error, each with a 95 % interval over seeds
and rows (`judging.py` says how), and how far the defaults are from the best of the peers (where
`--ours` leaves them out, the encoder alone, or else the n-grams); appends all to
`results/quality.json`.

What was measured is kept under `runs/benchmarks/quality`, and taken over while the code, the rows
and the settings are the same: a run that was stopped goes on, one with more seeds adds to it.
Files whose package is missing are left out, and said.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import dataclasses
import functools
import hashlib
import itertools
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Iterable
from pathlib import Path

import numpy as np
import sklearn
import yaml
from judging import LOSSES, METRICS, Answers, Estimate, Figures, judge
from peer_choice import add_peers, print_left_out
from record import PEERS, append_record, versions
from review_files import FILES, Review, write_reviews
from reviews import CHECKPOINT, ENCODER
from tables import print_table
from tfidf import all_probabilities, fit_tfidf
from workers import Worker, peer_python, working

from reviewlens.components.review_example_gen.settings import SPLITS
from reviewlens.files import file_digest
from reviewlens.pipeline.fingerprint import code_fingerprint

ROOT = Path(__file__).parents[1]
PROGRAM = str(Path(sys.executable).with_name("reviewlens"))
FIRST_SEED = 7
# No model is refused here, however bad or however much worse than the one before it.
GATES = ("evaluation.min_macro_f1=0", "evaluation.max_regression=1")
# Folder of the results, and what is set. The trained encoder of the first is taken over by the
# second, which says nothing of how long it would take.
OURS = {
    "reviewlens, defaults": ("encoder", ()),
    "reviewlens, encoder alone": ("encoder", ("model.wide=off",)),
    "reviewlens, n-grams alone": ("ngrams", ("model.algorithm=ngrams",)),
}
TRAINER = "transformers, Trainer"
TFIDF = "TF-IDF, logistic regression"
BALANCED = "TF-IDF, balanced logistic regression"
# Rows of the test split that may be decided otherwise by other batches.
TOLERANCE = 0.005
PEER_NAMES = (TRAINER, TFIDF, BALANCED)
# Script and packages.
PEER_CODE = {
    TRAINER: (PEERS / "finetune_transformers.py", ("peer torch", "peer transformers")),
    TFIDF: (Path(__file__).with_name("tfidf.py"), ("scikit-learn",)),
    BALANCED: (Path(__file__).with_name("tfidf.py"), ("scikit-learn",)),
}
TITLES = {
    "macro_f1": "macro-F1",
    "accuracy": "accuracy",
    "log_loss": "log loss",
    "ece": "ECE",
    "seconds": "processor s",
}


@dataclasses.dataclass(frozen=True)
class Split:
    """Rows of one split.

    Attributes:
        ids: Number of each row in its file.
        texts: As the pipeline has cleaned them.
        labels: Classes.
    """

    ids: list[int]
    texts: list[str]
    labels: list[int]


@dataclasses.dataclass(frozen=True)
class Trial:
    """One file with one seed.

    Attributes:
        folder: Where all of it is kept.
        seed: Of the rows, the splits and the training.
        classes: Names.
        config: Path of the configuration.
        path: Of the file with the splits.
    """

    folder: Path
    seed: int
    classes: list[str]
    config: str
    path: Path

    @functools.cached_property
    def splits(self) -> dict[str, Split]:
        """What the pipeline puts in which split."""
        read = json.loads(self.path.read_text(encoding="utf-8"))
        return {name: Split(**columns) for name, columns in read.items()}


def main() -> None:
    """Measures, prints and records."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("csv", help="path of womens_clothing_reviews.csv")
    parser.add_argument("--files", nargs="+", default=list(FILES), choices=list(FILES))
    parser.add_argument(
        "--rows", type=int, default=4000, help="of a file for training and eval split; 0 for all"
    )
    parser.add_argument("--seeds", type=int, default=3, help="how many")
    parser.add_argument("--threads", type=int, default=2, help="of the peers")
    parser.add_argument("--packages", default=str(ROOT / "runs" / "benchmarks" / "packages"))
    parser.add_argument("--work", default=str(ROOT / "runs" / "benchmarks" / "quality"))
    parser.add_argument("--ours", nargs="*", default=list(OURS), choices=list(OURS))
    add_peers(parser, PEER_NAMES)
    arguments = parser.parse_args()

    places = {
        name: FILES[name].find(arguments.csv, Path(arguments.packages)) for name in arguments.files
    }
    found = {name: FILES[name].rows(path) for name, path in places.items() if path}
    print_files(found)
    chosen = [*arguments.ours, *arguments.peers]
    seeds = range(FIRST_SEED, FIRST_SEED + arguments.seeds)
    trials = prepare(found, Path(arguments.work), arguments.rows or None, seeds)
    results = {}
    with contextlib.ExitStack() as stack:
        if TRAINER in chosen:
            command = [peer_python(), str(PEERS / "finetune_transformers.py")]
            command.append(f"--threads={arguments.threads}")
            worker = stack.enter_context(working(command, threads=arguments.threads))
        else:
            worker = None
        for name in found:
            results[name] = measure(trials[name], chosen, worker)
            print_file(FILES[name].title, results[name])
    print_comparison(results, chosen)
    print_left_out(PEER_NAMES, arguments.peers)
    if missing := [FILES[name].title for name in arguments.files if name not in found]:
        print(f"\nNo package for: {'; '.join(missing)}; make bench-data.", flush=True)
    append_record("quality", facts(results, rows=arguments.rows, seeds=list(seeds)))


def prepare(
    found: dict[str, list[Review]], work: Path, rows: int | None, seeds: Iterable[int]
) -> dict[str, list[Trial]]:
    """Writes rows and configurations, and reads which row the pipeline puts in which split."""
    code = code_fingerprint("reviewlens.components.review_example_gen")
    trials, new = {name: [] for name in found}, []
    for name, seed in itertools.product(found, seeds):
        folder = work / name / str(rows) / str(seed)
        folder.mkdir(parents=True, exist_ok=True)
        reviews, config = folder / "reviews.csv", folder / "config.yaml"
        data = {"input": str(reviews), "id": "id", **FILES[name].data}
        data["splits"] = write_reviews(str(reviews), found[name], rows=rows, seed=seed)
        settings = {"name": "reviews", "output": str(folder / "encoder"), "data": data}
        settings["training"] = {"seed": seed}
        config.write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")
        key = digest([code, file_digest(str(reviews)), settings])
        path = folder / f"splits-{key[:16]}.json"
        trials[name].append(Trial(folder, seed, list(FILES[name].classes), str(config), path))
        if not path.exists():
            new.append((config, path))
    if new:
        command = [sys.executable, str(Path(__file__).with_name("quality_splits.py"))]
        with working(command, threads=1) as worker:
            for config, path in new:
                worker.ask("split", config=str(config), target=str(path))
    return trials


def measure(trials: list[Trial], chosen: list[str], worker: Worker | None) -> dict[str, dict]:
    """Measures systems on one file: figures and seconds of each."""
    answers: dict[str, list[Answers]] = {name: [] for name in chosen}
    seconds: dict[str, list[float | None]] = {name: [] for name in chosen}
    for trial in trials:
        for name in chosen:
            found, spent = keep(trial, name, lambda: answer(trial, name, worker))  # noqa: B023
            answers[name].append(found)
            seconds[name].append(spent)
            print(f"{trial.folder}: {name}, {spent or 0:,.0f} s", file=sys.stderr, flush=True)
    judged = judge(answers, len(trials[0].classes))
    return {
        "splits": [{name: len(s.ids) for name, s in trial.splits.items()} for trial in trials],
        "figures": judged,
        "seconds": seconds,
    }


def keep(
    trial: Trial, name: str, make: Callable[[], tuple[np.ndarray, np.ndarray, float | None]]
) -> tuple[Answers, float | None]:
    """Takes over what was measured with the same code, rows and settings, or measures it."""
    code = code_fingerprint("reviewlens.components") if name in OURS else peer_code(name)
    made_of = [name, OURS.get(name), code, trial.seed, file_digest(str(trial.path))]
    key = digest(made_of)
    path = trial.folder / f"{''.join(filter(str.isalnum, name))}.npz"
    if not path.exists() or str(np.load(path)["key"]) != key:
        probabilities, decided, spent = make()
        spent = np.nan if spent is None else spent
        np.savez(path, key=key, probabilities=probabilities, decided=decided, seconds=spent)
    with np.load(path) as kept:
        test = trial.splits["test"]
        answers = Answers(
            np.array(test.ids), np.array(test.labels), kept["probabilities"], kept["decided"]
        )
        spent = float(kept["seconds"])
    return answers, None if np.isnan(spent) else spent


def peer_code(name: str) -> list[str]:
    """What a peer's answers depend on beside the rows and the seed."""
    script, packages = PEER_CODE[name]
    installed = versions() | {"scikit-learn": sklearn.__version__}
    return [file_digest(str(script)), *(installed[package] for package in packages)]


def digest(facts: list) -> str:
    """SHA-256 of what JSON can hold."""
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def answer(
    trial: Trial, name: str, worker: Worker | None
) -> tuple[np.ndarray, np.ndarray, float | None]:
    """Trains a system; gives probabilities and decisions for the test split, and seconds."""
    if name in OURS:
        return run_ours(trial, *OURS[name])
    if name == TRAINER:
        probabilities, seconds = ask_trainer(trial, worker)
    else:
        started = time.process_time()
        train, evaluation = (
            (s.texts, s.labels) for s in (trial.splits["train"], trial.splits["eval"])
        )
        model = fit_tfidf(train, evaluation, balanced=name == BALANCED)
        probabilities = all_probabilities(model, trial.splits["test"].texts, len(trial.classes))
        seconds = time.process_time() - started
    return probabilities, probabilities.argmax(1), seconds


def run_ours(
    trial: Trial, output: str, overrides: tuple[str, ...]
) -> tuple[np.ndarray, np.ndarray, float | None]:
    """Runs the pipeline, and asks the model that it has pushed about the test split."""
    folder = trial.folder / output
    command = [PROGRAM, "run", trial.config, f"output={folder}", ENCODER, *GATES, *overrides]
    before = processor_seconds()
    with open(trial.folder / f"{output}.log", "w") as log:
        code = subprocess.run(command, stdout=log, stderr=log).returncode
    if code:
        raise SystemExit(f"{log.name}: {' '.join(command)} ended with {code}")
    seconds = processor_seconds() - before
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    test = trial.splits["test"]
    source, target = trial.folder / "test.csv", trial.folder / "predicted.jsonl"
    with open(source, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["text"], *([text] for text in test.texts)])
    command = [PROGRAM, "predict", "--model", summary["pushed_to"], "--column", "text"]
    command += ["--input", str(source), "--output", str(target), "--force"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    rows = [json.loads(line) for line in target.read_text(encoding="utf-8").split("\n") if line]
    probabilities = np.array([[row["probabilities"][c] for c in trial.classes] for row in rows])
    decided = np.array([trial.classes.index(row["predicted_label"]) for row in rows])
    # The pushed model is the one that was judged.
    right, judged = np.mean(decided == test.labels), summary["metrics"]["test"]["accuracy"]
    if abs(right - judged) > TOLERANCE:
        raise SystemExit(f"{folder}: accuracy is {right:.4f}, summary.json has {judged:.4f}")
    cached = "transform" in summary["cached"]
    return probabilities, decided, None if cached else seconds


def ask_trainer(trial: Trial, worker: Worker) -> tuple[np.ndarray, float]:
    """Has transformers' Trainer learn; gives probabilities and seconds."""
    found = worker.ask(
        "classify",
        checkpoint=CHECKPOINT,
        texts=str(trial.path),
        classes=len(trial.classes),
        seed=trial.seed,
    )
    return np.array(found["probabilities"]), found["seconds"]


def processor_seconds() -> float:
    """Of all processes that have ended, on all cores."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def print_files(found: dict[str, list[Review]]) -> None:
    """Prints what the files look like."""
    columns = ("file", "rows", "classes", "words, mean", "95 % have up to", "over 100 words")
    rows = []
    for name, reviews in found.items():
        lengths = np.array([len(review.text.split()) for review in reviews])
        rows.append(
            (
                FILES[name].title,
                f"{len(reviews):,}",
                str(len(FILES[name].classes)),
                f"{lengths.mean():.0f}",
                f"{np.quantile(lengths, 0.95):.0f}",
                f"{np.mean(lengths > 100):.0%}",
            )
        )
    print_table(columns, rows)


def print_file(title: str, result: dict) -> None:
    """Prints the figures of all systems on one file."""
    print(f"\n{title}: {sizes(result)}\n")
    rows = []
    for name, figures in result["figures"].items():
        cells = [text(figures[metric].estimate) for metric in METRICS]
        rows.append((name, *cells, told(result["seconds"][name])))
    print_table(("system", *TITLES.values()), rows)


def sizes(result: dict) -> str:
    """How many rows the splits have, on average over the seeds."""
    means = {name: np.mean([split[name] for split in result["splits"]]) for name in SPLITS}
    return ", ".join(f"{name} {mean:,.0f}" for name, mean in means.items())


def text(estimate: Estimate, sign: str = "") -> str:
    """A figure and its margin."""
    return f"{estimate.value:{sign}.3f} ± {estimate.margin:.3f}"


def told(seconds: list[float | None]) -> str:
    """Mean over the seeds; a dash where not all was done."""
    known = [value for value in seconds if value is not None]
    return f"{np.mean(known):,.0f}" if known else "-"


def first_of_ours(systems: Collection[str]) -> str | None:
    """What is compared with the peers: the defaults, or what comes next of what was measured."""
    return next((name for name in OURS if name in systems), None)


def compare(result: dict, metric: str) -> tuple[str, Figures] | None:
    """The best peer by a metric, and how far ours is from it; None if one is missing."""
    figures = {name: found[metric] for name, found in result["figures"].items()}
    ours, peers = first_of_ours(figures), [name for name in PEER_NAMES if name in figures]
    if not ours or not peers:
        return None
    choose = min if metric in LOSSES else max
    best = choose(peers, key=lambda name: figures[name].estimate.value)
    return best, figures[ours] - figures[best]


def verdict(estimate: Estimate, metric: str) -> str:
    """What a difference says, where it is clear."""
    if abs(estimate.value) <= estimate.margin:
        return "level"
    return "ahead" if (estimate.value < 0) == (metric in LOSSES) else "behind"


def print_comparison(results: dict[str, dict], chosen: list[str]) -> None:
    """Prints how far ours is from the best of the peers, metric by metric."""
    ours = first_of_ours(chosen)
    if not ours or not set(chosen) & set(PEER_NAMES):
        return
    print(f"\n{ours}, against the best of the peers:\n")
    rows = []
    for name, result in results.items():
        for metric in METRICS:
            best, difference = compare(result, metric)
            estimate = difference.estimate
            rows.append(
                (
                    FILES[name].title,
                    TITLES[metric],
                    best,
                    text(estimate, "+"),
                    verdict(estimate, metric),
                )
            )
    print_table(("file", "metric", "best peer", "difference", "so"), rows)


def facts(results: dict[str, dict], **settings) -> dict:
    """What is recorded."""
    files = {}
    for name, result in results.items():
        systems = {
            system: {
                "processor_seconds": result["seconds"][system],
                **{
                    metric: {**found.estimate.facts, "seeds": found.values.round(5).tolist()}
                    for metric, found in figures.items()
                },
            }
            for system, figures in result["figures"].items()
        }
        compared = {metric: compare(result, metric) for metric in METRICS}
        differences = {
            metric: {"peer": found[0], **found[1].estimate.facts}
            for metric, found in compared.items()
            if found
        }
        files[name] = {
            "splits": result["splits"],
            "systems": systems,
            "compared": first_of_ours(systems),
            "against_best_peer": differences,
        }
    return {**settings, "files": files}


if __name__ == "__main__":
    main()
